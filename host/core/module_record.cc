#include "host/core/module_record.h"

#include "host/core/reload.h"

#include <algorithm>
#include <utility>

namespace bulkhead::detail {
namespace {

// A mutex could let one thread's reloads pass another's unload for ever.
class Turn {
 public:
  explicit Turn(SerialQueue& queue) : queue_(queue) { (void)queue_.enter(0); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { queue_.leave(); }

 private:
  SerialQueue& queue_;
};

bool isSame(const manifest::Manifest& a, const manifest::Manifest& b) {
  return std::equal(a.contracts.begin(), a.contracts.end(), b.contracts.begin(), b.contracts.end(),
                    [](const auto& one, const auto& other) { return one.message == other.message; });
}

}  // namespace

ModuleRecord::ModuleRecord(const ModuleContext& context, ModuleRequest request, PlacementDecision decision,
                           std::unique_ptr<Backend> backend)
    : slot_(context.slot),
      options_(context.options),
      request_(std::move(request)),
      decision_(std::move(decision)),
      backend_(std::move(backend)),
      version_(versionOf(*context.file)),
      path_(context.file->originalPath()),
      contentHash_(context.file->contentHash()) {
  slot_->setBackend(backend_.get());
}

const ModuleVersion* ModuleRecord::versionOf(const module_file::ModuleFile& file) {
  const auto same = [&](const auto& known) { return isSame(known->manifest, file.manifest()); };
  const auto found = std::find_if(versions_.begin(), versions_.end(), same);
  if (found != versions_.end()) return found->get();
  return versions_.emplace_back(std::make_unique<const ModuleVersion>(file.manifest())).get();
}

std::string ModuleRecord::path() const {
  const std::lock_guard lock(naming_);
  return path_;
}

void ModuleRecord::serveFrom(const module_file::ModuleFile& file) {
  const std::lock_guard lock(naming_);
  path_ = file.originalPath();
  contentHash_.store(file.contentHash(), std::memory_order_release);
}

// Before the turn is waited for: who has it may be waiting for this very call.
Result<void> ModuleRecord::refuseNested(const char* what) const {
  if (!slot_->heldHere()) return {};
  return Error(ErrorBody{ErrorKind::wouldDeadlock,
                         slot_->name(),
                         {},
                         {},
                         std::string(what) +
                             " from inside a call or a callback of the same module: it would wait for "
                             "itself; " +
                             what + " after it",
                         nullptr});
}

Result<UnloadReport> ModuleRecord::stop(const UnloadOptions& options) {
  if (auto nested = refuseNested("unload"); !nested) return std::move(nested).error();
  const Turn turn(changing_);
  const ChangeScope change(*slot_);
  auto stopped = backend_->stop(options);
  if (!stopped) return stopped;
  if (auto settled = backend_->settleParked(options.timeout); !settled) return std::move(settled).error();
  return stopped;
}

Result<ReloadReport> ModuleRecord::reload(const std::string& file, const ReloadOptions& options) {
  if (auto nested = refuseNested("reload"); !nested) return std::move(nested).error();
  const Turn turn(changing_);
  const ChangeScope change(*slot_);
  return Reload(*this, options).run(file.empty() ? path() : file);
}

Result<void> ModuleRecord::settleParked(std::chrono::milliseconds timeout) {
  if (auto nested = refuseNested("retryParked"); !nested) return nested;
  const Turn turn(changing_);
  const ChangeScope change(*slot_);
  return backend_->settleParked(timeout);
}

}  // namespace bulkhead::detail
