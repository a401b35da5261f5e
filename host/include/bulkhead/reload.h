// Reload: another version of a module takes the place of the one that serves, while it is called.
#pragma once

#include <bulkhead/error.h>
#include <bulkhead/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

class Starting;

struct ReloadOptions {
  // Runs after HostOptions::onStarted, on the reloading thread, with handles to the new version, which serves nobody
  // yet: what it calls there is seen by nobody else. An error refuses the reload. Exceptions are errors.
  std::function<Result<void>(const Starting&)> selfTest = {};
  // For modules with state ($Bulkhead.savesState): how long the calls under way may take to end before it is saved.
  // Meanwhile new calls wait. In-process this does not limit the module's own save and restore.
  std::chrono::milliseconds quiesceTimeout{5'000};
  // How long the old version may take to be drained and unloaded, once the new one serves. Then an isolated one is
  // killed, an in-process one parked.
  std::chrono::milliseconds drainTimeout{10'000};
};

// What became of the version that was replaced.
enum class OldVersion : std::uint8_t {
  none,      // nothing served: the worker could not be started
  unloaded,  // in-process: proven by address; isolated: its worker ended by itself
  killed,    // isolated: a call or the module's destructor took longer than drainTimeout
  parked,    // it stays loaded and serves nobody: see `why`, Module::parked() and Module::retryParked()
};

// "none", "unloaded", "killed" or "parked".
constexpr std::string_view toString(OldVersion old) noexcept {
  switch (old) {
    case OldVersion::none: return "none";
    case OldVersion::unloaded: return "unloaded";
    case OldVersion::killed: return "killed";
    case OldVersion::parked: break;
  }
  return "parked";
}

// Of a reload that took place.
struct ReloadReport {
  std::uint64_t oldGeneration = 0;
  std::uint64_t newGeneration = 0;
  OldVersion old = OldVersion::unloaded;
  std::optional<Error> why;              // of a parked one: what keeps it
  std::vector<std::string> statesMoved;  // the interfaces whose state was handed over: "Counter"
  std::chrono::nanoseconds preparing{};  // copied, checked, loaded, tested beside the old one
  std::chrono::nanoseconds holding{};    // calls waited for the state to be handed over; zero without state
  std::chrono::nanoseconds settling{};   // the old one drained and unloaded
};

// A version that could not be unloaded and serves nobody.
struct ParkedVersion {
  std::uint64_t generation;
  Error why;  // the last refusal
};

}  // namespace bulkhead
