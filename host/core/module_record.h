// One loaded module behind Module and its handles.
#pragma once

#include "host/core/backend.h"
#include "host/core/described_methods.h"
#include "host/core/module_context.h"
#include "host/core/module_slot.h"

#include <bulkhead/host.h>

#include <chrono>
#include <memory>
#include <mutex>

namespace bulkhead::detail {

// Handles share it, so that a stale one is an error and not a crash; what the module used is gone after stop().
class ModuleRecord {
 public:
  ModuleRecord(const ModuleContext& context, PlacementDecision decision, std::unique_ptr<Backend> backend)
      : slot_(context.slot),
        file_(context.file),
        methods_(context.file->manifest()),
        decision_(std::move(decision)),
        backend_(std::move(backend)) {
    slot_->setBackend(backend_.get());
  }

  ModuleSlot& slot() const noexcept { return *slot_; }
  const manifest::Manifest& manifest() const noexcept { return file_->manifest(); }
  const DescribedMethods& methods() const noexcept { return methods_; }
  const PlacementDecision& decision() const noexcept { return decision_; }
  Backend& backend() const noexcept { return *backend_; }

  Result<UnloadReport> stop(const UnloadOptions& options) {
    const std::lock_guard lock(stopping_);
    return backend_->stop(options);
  }

 private:
  const std::shared_ptr<ModuleSlot> slot_;
  const std::shared_ptr<const module_file::ModuleFile> file_;
  const DescribedMethods methods_;
  const PlacementDecision decision_;
  const std::unique_ptr<Backend> backend_;
  std::mutex stopping_;
};

}  // namespace bulkhead::detail
