// A module in the host's own process. The twin is host/isolated/backend.h.
#pragma once

#include "host/core/backend.h"
#include "host/core/module_context.h"
#include "host/in_process/generation.h"

#include <bulkhead/placement.h>

#include <cstdint>
#include <memory>

namespace bulkhead::in_process {

class Backend final : public detail::Backend {
 public:
  Backend(detail::ModuleContext context, const InProcessOptions& options);
  ~Backend() override;

  Result<void> start() override;
  Result<void> awaitLive(std::int64_t deadlineNs) override;
  Result<void> stop(std::chrono::milliseconds timeout) override;
  detail::BackendStatus status() const override { return {}; }
  void condemn(std::uint64_t, const char*, const std::string&) override {}  // nothing ends it but its unload

 private:
  Result<void> serve();
  Result<void> unload();

  const detail::ModuleContext context_;
  const std::uint32_t flags_;
  std::unique_ptr<Generation> live_;
};

}  // namespace bulkhead::in_process
