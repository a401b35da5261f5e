// One loaded module behind Module and its handles.
#pragma once

#include "host/core/backend.h"
#include "host/core/described_methods.h"
#include "host/core/module_context.h"
#include "host/core/module_slot.h"
#include "host/core/serial_queue.h"
#include "shared/manifest/manifest.h"

#include <bulkhead/host.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bulkhead::detail {

// What a module was asked for with, to hold for its later versions, too.
struct ModuleRequest {
  Imports imports;
  MissingImports missing;
};

// What a version says about itself.
struct ModuleVersion {
  explicit ModuleVersion(const manifest::Manifest& says) : manifest(says), methods(says) {}

  const manifest::Manifest manifest;
  const DescribedMethods methods;
};

// Handles share it, so that a stale one is an error and not a crash; what the module used is gone after stop().
class ModuleRecord {
 public:
  ModuleRecord(const ModuleContext& context, ModuleRequest request, PlacementDecision decision,
               std::unique_ptr<Backend> backend);

  ModuleSlot& slot() const noexcept { return *slot_; }
  const PlacementDecision& decision() const noexcept { return decision_; }
  Backend& backend() const noexcept { return *backend_; }
  // Of the one that serves. Lives as long as the record: users keep what they got from it.
  const ModuleVersion& version() const noexcept { return *version_.load(std::memory_order_acquire); }
  // Of the file that serves: its absolute path, and its content (module_file::ModuleFile::contentHash).
  std::string path() const;
  std::uint64_t contentHash() const noexcept { return contentHash_.load(std::memory_order_acquire); }

  // The contracts of Module's functions.
  Result<UnloadReport> stop(const UnloadOptions& options);
  Result<ReloadReport> reload(const std::string& file, const ReloadOptions& options);
  Result<void> settleParked(std::chrono::milliseconds timeout);

 private:
  friend class Reload;

  // The version that says the same as the file: one object for all of them, so they are no more than there are schemas.
  const ModuleVersion* versionOf(const module_file::ModuleFile& file);
  Result<void> refuseNested(const char* what) const;
  void serveFrom(const module_file::ModuleFile& file);

  const std::shared_ptr<ModuleSlot> slot_;
  const std::shared_ptr<const HostOptions> options_;
  const ModuleRequest request_;
  const PlacementDecision decision_;
  const std::unique_ptr<Backend> backend_;
  SerialQueue changing_;  // one reload or unload at a time, in the order of arrival; guards the next one
  std::vector<std::unique_ptr<const ModuleVersion>> versions_;
  std::atomic<const ModuleVersion*> version_;
  mutable std::mutex naming_;
  std::string path_;  // guarded by naming_
  std::atomic<std::uint64_t> contentHash_;
};

}  // namespace bulkhead::detail
