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
  // Fails with invalidConfiguration for options that make no sense.
  static Result<std::unique_ptr<Backend>> make(detail::ModuleContext context, const InProcessOptions& options);
  ~Backend() override;

  Result<void> start() override;
  Result<void> awaitLive(std::int64_t deadlineNs) override;
  Result<UnloadReport> stop(const UnloadOptions& options) override;
  Result<detail::BindingGroup*> prepare(const detail::ModuleContext& next) override;
  Result<void> commit() override;
  void abandon() override;
  detail::Settled settle(std::chrono::milliseconds timeout) override;
  std::vector<ParkedVersion> parked() const override;
  Result<void> settleParked(std::chrono::milliseconds timeout) override;
  detail::BackendStatus status() const override { return {}; }
  Ledger ledger() const override;
  void condemn(std::uint64_t, const char*, const std::string&) override {}  // nothing ends it but its unload

 private:
  struct Parked {
    std::shared_ptr<Generation> generation;
    Error why;
  };

  Backend(detail::ModuleContext context, const InProcessOptions& options);
  std::shared_ptr<Generation> makeGeneration(const detail::ModuleContext& context);
  std::shared_ptr<Generation> exchangeLive(std::shared_ptr<Generation> next);
  Result<void> serve();
  Result<UnloadReport> stillCalled(const UnloadOptions& options);
  Result<UnloadReport> resume(UnloadReport report);
  Result<void> drop(Generation& generation, std::chrono::milliseconds timeout) const;
  void park(std::shared_ptr<Generation> generation, Error why);
  void parkForGood(std::shared_ptr<Generation> generation);

  const detail::ModuleContext context_;  // of the first version
  const InProcessOptions options_;
  UnloadReport::Outcome ended_ = UnloadReport::Outcome::unloaded;  // of the last stop() that ended it
  std::uint64_t generations_ = 0;
  mutable std::mutex liveMutex_;  // of the pointer alone: between ledger() and whoever changes it
  std::shared_ptr<Generation> live_;
  std::shared_ptr<Generation> next_;  // between prepare() and commit()
  std::shared_ptr<Generation> old_;   // between commit() and settle()
  mutable std::mutex parkedMutex_;    // for parked(): the list is changed by one thread at a time anyway
  std::vector<Parked> parked_;
};

}  // namespace bulkhead::in_process
