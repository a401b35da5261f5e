// A module in the host's own process. The twin is host/isolated/backend.h.
#pragma once

#include "host/core/backend.h"
#include "host/core/module_context.h"
#include "host/in_process/generation.h"

#include <bulkhead/placement.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace bulkhead::in_process {

class Backend final : public detail::Backend {
 public:
  // Fails with invalidConfiguration for options that make no sense.
  static Result<std::unique_ptr<Backend>> make(detail::ModuleContext context, const InProcessOptions& options);
  ~Backend() override;

  Result<void> start() override;
  Result<void> awaitLive(std::int64_t deadlineNs) override;
  Result<UnloadReport> stop(const UnloadOptions& options) override;
  detail::BackendStatus status() const override { return {}; }
  Ledger ledger() const override;
  void condemn(std::uint64_t, const char*, const std::string&) override {}  // nothing ends it but its unload

 private:
  Backend(detail::ModuleContext context, const InProcessOptions& options);
  Result<void> serve();
  Result<UnloadReport> stillCalled(const UnloadOptions& options);
  Result<UnloadReport> resume(UnloadReport report);
  static Error refusalOf(UnloadReport report);
  std::shared_ptr<Generation> live() const;
  std::shared_ptr<Generation> exchangeLive(std::shared_ptr<Generation> next);
  void parkLive();

  const detail::ModuleContext context_;
  const InProcessOptions options_;
  mutable std::mutex liveMutex_;  // of the pointer alone: between ledger() and whoever starts or stops
  std::shared_ptr<Generation> live_;
};

}  // namespace bulkhead::in_process
