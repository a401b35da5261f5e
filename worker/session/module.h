// The module in this worker: in-process loading at the far end of a channel.
#pragma once

#include "shared/control/messages.h"
#include "shared/loader/instance.h"
#include "shared/loader/loader.h"
#include "shared/posix/unique_fd.h"

#include <bulkhead/abi.h>
#include <bulkhead/result.h>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::worker {

class Module {
 public:
  // `file` proves which file is meant. Nothing is opened yet.
  Module(control::Load load, posix::UniqueFd file) : load_(std::move(load)), file_(std::move(file)) {}

  // Opens the dependencies and the module, and constructs its object; its imports go onto `channel`. Once. Fails with
  // loadFailed or notAModule.
  Result<void> load(BulkheadChannel* channel, const BulkheadHostServices& services);
  // Asks the module, whose verdict is logged and no more, and destroys the object; the file stays loaded until the
  // process ends.
  void unload();
  // After unload(), on any thread: runs what destructor functions and static objects have left to do.
  void finalize();

  const BulkheadExport* findExport(std::uint64_t interfaceId) const noexcept;
  void* self() const noexcept { return instance_ ? instance_->self() : nullptr; }
  // For the lock-down: stays open.
  int descriptor() const noexcept { return file_.get(); }

 private:
  Result<void> checkIdentity() const;

  const control::Load load_;
  posix::UniqueFd file_;
  std::optional<loader::Library> library_;
  std::vector<BulkheadImport> imports_;
  std::optional<loader::Instance> instance_;
  const BulkheadHostServices* services_ = nullptr;  // since load()
  std::atomic<bool> unloaded_{false};
  std::atomic<bool> loaded_{false};  // released by the lane that loads, acquired by those that call
};

}  // namespace bulkhead::worker
