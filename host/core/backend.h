// The seam between the two placements: the life cycle of a module. Calls do not come through here, they go through
// tables. Implemented by in_process::Backend and isolated::Backend; the one switch on placement is in host_core.cc.
#pragma once

#include "host/core/module_context.h"
#include "host/core/module_slot.h"

#include <bulkhead/exit_report.h>
#include <bulkhead/reload.h>
#include <bulkhead/result.h>
#include <bulkhead/tier.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::detail {

// What can be asked of a module at any time.
struct BackendStatus {
  std::optional<Tier> tier;
  std::optional<int> workerPid;
  std::shared_ptr<const ExitReport> lastExit;
};

// What became of a version that does not serve any more.
struct Settled {
  OldVersion old = OldVersion::unloaded;
  std::optional<Error> why;  // it is parked
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  // Loads the module and publishes its bindings. Blocks until it serves; on failure nothing stays behind.
  virtual Result<void> start() = 0;

  // A call met a binding that is not live: begins a start if none is under way and blocks until the slot changes, at
  // most until `deadlineNs` (CLOCK_MONOTONIC; 0: the backend's own limit).
  virtual Result<void> awaitLive(std::int64_t deadlineNs) = 0;

  // Unloads: the contract of Module::unload(). After success nothing but destruction may follow.
  virtual Result<void> stop(std::chrono::milliseconds timeout) = 0;

  // A reload: prepare(), then commit() and settle(), or abandon(). These, start(), stop() and settleParked() run one at
  // a time.

  // Loads a version beside the one that serves. Its bindings, which calls cannot reach; on failure nothing stays
  // behind.
  virtual Result<BindingGroup*> prepare(const ModuleContext& next) = 0;
  // From now on calls go to what was prepared. Fails only when that is lost; abandon() follows then.
  virtual Result<void> commit() = 0;
  // Unloads what was prepared.
  virtual void abandon() = 0;
  // Drains and unloads what commit() replaced; parks what cannot be unloaded within `timeout`.
  virtual Settled settle(std::chrono::milliseconds timeout) = 0;

  virtual std::vector<ParkedVersion> parked() const = 0;
  // Tries once more to unload what is parked: the contract of Module::retryParked().
  virtual Result<void> settleParked(std::chrono::milliseconds timeout) = 0;

  virtual BackendStatus status() const = 0;

  // A generation of the module answered with what cannot be an answer: ends it where that is possible. Returns at once.
  virtual void condemn(std::uint64_t generation, const char* method, const std::string& why) = 0;
};

}  // namespace bulkhead::detail
