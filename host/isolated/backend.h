// A module in a worker process of its own. The twin is host/in_process/backend.h.
#pragma once

#include "host/core/backend.h"
#include "host/core/module_context.h"
#include "host/isolated/services.h"

#include <bulkhead/placement.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::isolated {

class Supervisor;

class Backend final : public detail::Backend {
 public:
  // invalidConfiguration for options that make no sense, naming the option.
  static Result<std::unique_ptr<Backend>> make(detail::ModuleContext context, const IsolatedOptions& options,
                                               std::shared_ptr<Services> services);

  Result<void> start() override;
  Result<void> awaitLive(std::int64_t deadlineNs) override;
  Result<void> stop(std::chrono::milliseconds timeout) override;
  Result<detail::BindingGroup*> prepare(const detail::ModuleContext& next) override;
  Result<void> commit() override;
  void abandon() override;
  detail::Settled settle(std::chrono::milliseconds timeout) override;
  std::vector<ParkedVersion> parked() const override;
  Result<void> settleParked(std::chrono::milliseconds timeout) override;
  detail::BackendStatus status() const override;
  void condemn(std::uint64_t generation, const char* method, const std::string& why) override;

 private:
  explicit Backend(std::shared_ptr<Supervisor> supervisor) : supervisor_(std::move(supervisor)) {}

  // Shared with starts under way.
  const std::shared_ptr<Supervisor> supervisor_;
};

}  // namespace bulkhead::isolated
