// The embedder's interface: a Host loads modules, a Module gives typed handles.
//
//   bulkhead::Host host;
//   auto module = host.load("codec.so", bulkhead::Placement::isolated({.deadline = 1s}), imports).value();
//   auto codec = module.get<codec::host::Codec>().value();
//   auto image = codec.within(50ms).decode(bytes);
//
// Threads: every function may be called from any thread unless it says otherwise.
#pragma once

#include <bulkhead/detail/guard.h>
#include <bulkhead/exit_report.h>
#include <bulkhead/imports.h>
#include <bulkhead/placement.h>
#include <bulkhead/reload.h>
#include <bulkhead/result.h>
#include <bulkhead/stuck_call.h>
#include <bulkhead/unload.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

namespace detail {
class HostCore;
class ModuleRecord;
}  // namespace detail

// A line that a module wrote, or a log line it made.
struct LogLine {
  enum class Source : std::uint8_t { standardOutput, standardError, log };
  Source source;
  std::uint32_t level;       // of a log line: a bulkhead::LogLevel; else 0
  std::string_view module;   // its name
  std::uint64_t generation;  // of the module: counts its starts from 1
  std::string_view text;     // without the newline; isolated: valid UTF-8 without control characters, capped
};

class Module;
class Reloader;

// A module that was just started, before any other call can reach it.
class Starting {
 public:
  const std::string& module() const noexcept;
  std::uint64_t generation() const noexcept;
  // A handle to this very generation; use it only within the callback, on its thread.
  template <class H>
  Result<H> get() const {
    auto slot = interface(H::kInterfaceId);
    if (!slot) return std::move(slot).error();
    return H(*std::move(slot));
  }

  class Implementation;
  explicit Starting(const Implementation& implementation) noexcept : implementation_(implementation) {}

 private:
  Result<std::shared_ptr<const detail::InterfaceSlot>> interface(std::uint64_t interfaceId) const;
  const Implementation& implementation_;
};

struct HostOptions {
  // The worker program; empty: $BULKHEAD_WORKER, else looked for relative to this library and to the executable.
  std::string workerProgram;
  // Threads for imports that a module's own threads call; one more such import at once is overloaded.
  std::uint32_t importThreads = 8;
  // Debugging: each message to and from a worker is decoded with Cap'n Proto's own reader as well, built anew and
  // compared. A difference is a line on standard error and protocolViolation for the call, names method and direction,
  // and ends the worker. Costs many times the call. BULKHEAD_ORACLE=1 in the environment sets it too; bulkhead/oracle.h
  // counts.
  bool oracle = false;
  // Output and log lines of isolated modules, log lines of in-process ones. Empty: to standard error, prefixed. Runs on
  // a thread of the host's; must not block for long and not throw. Standard output of an in-process module is the
  // host's own.
  std::function<void(const LogLine&)> onLog;
  // A worker is gone. Runs on a pool thread, after the next start was begun; must not throw.
  std::function<void(const ExitReport&)> onExit;
  // A generation of a module was started (loaded, or restarted in a fresh worker); runs before any other call reaches
  // it, on the thread that started it. An error makes this start fail.
  std::function<Result<void>(const Starting&)> onStarted;
  // A call of an in-process module is past its deadline (InProcessOptions::deadline, the method's annotation or
  // within()) and has not come back: told while it hangs, with the stack of its thread, and again each time its age has
  // doubled. Runs on a thread of the host's that only exists if this is set, one report at a time; must not throw.
  // Isolated calls are not reported here: they end at their deadline.
  std::function<void(const StuckCall&)> onStuckCall;
  // The real-time signal that takes those stacks, on the stuck thread itself; 0: the host chooses one that nothing
  // handles. Taken with the first report, given back with the Host. A signal that the program handles is left alone:
  // the reports have no stack then, and say so.
  int stackSignal = 0;
};

// What becomes of an import that a module calls and the host did not give.
enum class MissingImports : std::uint8_t {
  refuse,         // the load fails
  unimplemented,  // the module's calls of it do
};

struct LoadOptions {
  // The module's name in logs, errors and BULKHEAD_PLACEMENT. Empty: the file's stem ("codec" of "codec.so").
  std::string name;
  MissingImports missingImports = MissingImports::refuse;
};

// Why a module runs where it runs.
struct PlacementDecision {
  Placement::Kind kind;
  std::string reason;  // "code: Placement::inProcess()", "environment: BULKHEAD_PLACEMENT, rule 'codec=isolated'", ...
};

// A loaded module. Move-only owner: its destruction unloads the module, and where that is refused (a call that does
// not end) leaves it loaded until the process ends.
class Module {
 public:
  Module(Module&&) noexcept;
  Module& operator=(Module&&) noexcept;
  ~Module();

  // A handle to an interface the module implements. unimplemented if it does not have it. Never blocks.
  template <class H>
  Result<H> get() const {
    auto slot = interface(H::kInterfaceId);
    if (!slot) return std::move(slot).error();
    return H(*std::move(slot));
  }

  // Calls method `ordinal` of an interface the module implements, whether or not this program was compiled with it:
  // `params` is one capnp message of the method's parameter struct, in one segment, root pointer first; so is the
  // result. Deadlines, queues and errors as with a handle; blocks as long. messageTooLarge, unimplemented.
  Result<std::vector<std::uint64_t>> callMessage(std::uint64_t interfaceId, std::uint16_t ordinal,
                                                 std::span<const std::uint64_t> params) const;
  // What the module file says about its contracts, one message each: a bulkhead::manifest::schema::Manifest of
  // proto/manifest.capnp in capnp's standard framing. Its schema nodes are as the file has them, unchecked. After a
  // reload: of the new file. Valid as long as the Module.
  std::vector<std::span<const std::uint64_t>> manifests() const;

  const std::string& name() const noexcept;
  const PlacementDecision& placement() const noexcept;
  // Counts the module's starts from 1.
  std::uint64_t generation() const noexcept;
  // The isolation its worker reached; nothing for an in-process module.
  std::optional<Tier> tier() const;
  // How the last worker ended; null when none did (always in-process).
  std::shared_ptr<const ExitReport> lastExit() const;
  // Process id of the worker serving now; nothing in-process or while none serves. For display: never signal by number.
  std::optional<int> workerPid() const;

  // What its code holds right now: in-process, of a module with hooks; else empty, with isKept false. Heap comes
  // grouped by call site. Threads of the module that allocate wait while it is taken.
  Ledger ledger() const;

  // Ends the module: new calls are refused as staleHandle, running ones drained for at most `timeout`, then the
  // module's object is destroyed and the file unloaded (in-process: proven by address; isolated: the worker ends, by a
  // kill if need be). On failure the module is loaded and usable: wouldDeadlock from inside one of its calls,
  // deadlineExceeded when calls did not end in time, unloadRefused when something holds it, which
  // Error::unloadReport() lists: its threads, its own beforeUnload(), a LeakPolicy, symbols that pin it. Where that
  // shows only after the object is gone (a thread that its destructor was to join, a LeakPolicy), a new one is made.
  // Should the dynamic loader keep the file for a reason that shows only at the very end, the module is parked, says
  // the report. Refused as well, when it is gone but a version that a reload parked is not.
  Result<void> unload(std::chrono::milliseconds timeout = std::chrono::seconds(10));
  // The same, with a choice of what a refusal leads to, and with what the module left behind. A parked module is a
  // value whose outcome says so.
  Result<UnloadReport> unload(const UnloadOptions& options);

  // Puts another version in the place of the one that serves, while it is called: the module's name, handles,
  // placement, imports and options stay. `file` is the new version, by default the path of the one that serves, read
  // anew even if it is unchanged. Host README, "Life of a reload", has the steps.
  //
  // No call fails or waits for it: calls under way end in the old version, those that come after the swap go to the new
  // one. Of modules that have state (interfaces with $Bulkhead.savesState) calls wait while it is handed over: no
  // update is lost.
  //
  // On failure the old version serves on as before, nothing of the new one was reachable, and the error's text says at
  // which step: "reload: check: ...", load, onStarted, self-test, state, swap. Kinds: those of Host::load, those of
  // calls; contractMismatch also when the new version lacks what the old one serves; wouldDeadlock at once from inside
  // a call, an import or a callback of this module's start or reload; staleHandle after unload(). What fails after the
  // swap, in the unloading of the old version, is in the report.
  //
  // Blocks: as Host::load, and then at most drainTimeout (isolated: and a few seconds for the kill). Reloads and
  // unloads of one module take turns.
  Result<ReloadReport> reload(const ReloadOptions& options = {});
  Result<ReloadReport> reload(const std::string& file, const ReloadOptions& options = {});

  // Versions that could not be unloaded, the oldest first. Never blocks.
  std::vector<ParkedVersion> parked() const;
  // Tries once more to unload them, within `timeout`. On failure the error is the first one's, and parked() has all
  // that are left. wouldDeadlock as reload().
  Result<void> retryParked(std::chrono::milliseconds timeout = std::chrono::seconds(10));

 private:
  friend class Host;
  friend class Reloader;
  explicit Module(std::shared_ptr<detail::ModuleRecord> record) noexcept;
  Result<std::shared_ptr<const detail::InterfaceSlot>> interface(std::uint64_t interfaceId) const;

  std::shared_ptr<detail::ModuleRecord> record_;
};

// Loads modules. Destroy it after its modules; what is still loaded then is unloaded, workers are killed.
// After fork() the child must not use it: every load and call on an isolated module there is unavailable.
class Host {
 public:
  explicit Host(HostOptions options = {});
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();

  // Loads `file` where `placement` and the environment's BULKHEAD_PLACEMENT say. Before any code of the module runs its
  // file is copied privately, checked, and its contracts compared with those compiled into this program. Blocks until
  // the module is ready: at most IsolatedOptions::loadDeadline when isolated, as long as its constructors take
  // in-process. Errors: notFound, notAModule, contractMismatch, loadFailed, workerStartFailed, deadlineExceeded,
  // moduleDied, requirementNotMet, invalidConfiguration, resourceExhausted.
  Result<Module> load(const std::string& file, const Placement& placement, const Imports& imports = {},
                      const LoadOptions& options = {});

 private:
  std::shared_ptr<detail::HostCore> core_;
};

}  // namespace bulkhead
