// A module in the host's own process. The twin is host/isolated/backend.h.
#pragma once

#include "host/core/backend.h"
#include "host/core/module_context.h"
#include "host/in_process/generation.h"

#include <bulkhead/placement.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bulkhead::in_process {

class Backend final : public detail::Backend {
 public:
  Backend(detail::ModuleContext context, const InProcessOptions& options);
  ~Backend() override;

  Result<void> start() override;
  Result<void> awaitLive(std::int64_t deadlineNs) override;
  Result<void> stop(std::chrono::milliseconds timeout) override;
  Result<detail::BindingGroup*> prepare(const detail::ModuleContext& next) override;
  Result<void> commit() override;
  void abandon() override;
  detail::Settled settle(std::chrono::milliseconds timeout) override;
  std::vector<ParkedVersion> parked() const override;
  Result<void> settleParked(std::chrono::milliseconds timeout) override;
  detail::BackendStatus status() const override { return {}; }
  void condemn(std::uint64_t, const char*, const std::string&) override {}  // nothing ends it but its unload

 private:
  struct Parked {
    std::unique_ptr<Generation> generation;
    Error why;
  };

  std::unique_ptr<Generation> makeGeneration(const detail::ModuleContext& context);
  Result<void> serve();
  Result<void> unload();
  Result<void> endCalls(const Generation& generation, std::chrono::milliseconds timeout) const;
  Result<void> drop(Generation& generation, std::chrono::milliseconds timeout) const;
  void park(std::unique_ptr<Generation> generation, Error why);

  const detail::ModuleContext context_;  // of the first version
  const std::uint32_t flags_;
  std::uint64_t generations_ = 0;
  std::unique_ptr<Generation> live_;
  std::unique_ptr<Generation> next_;  // between prepare() and commit()
  std::unique_ptr<Generation> old_;   // between commit() and settle()
  mutable std::mutex parkedMutex_;    // for parked(): the list is changed by one thread at a time anyway
  std::vector<Parked> parked_;
};

}  // namespace bulkhead::in_process
