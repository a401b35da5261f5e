// Where a module runs: in the host's process, or in a worker process of its own. Chosen at run time, per module.
#pragma once

#include <bulkhead/ledger.h>
#include <bulkhead/tier.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead {

// What a worker may use. Zero: no limit of ours (the system's hold).
struct Limits {
  std::uint64_t memoryBytes =
      0;                      // heap, stacks and private mappings of the worker (RLIMIT_DATA); over it allocations fail
  std::uint32_t files = 256;  // open descriptors (RLIMIT_NOFILE)
  std::uint32_t cpuSeconds = 0;  // processor time of a worker's life (RLIMIT_CPU)
  std::uint64_t fileBytes = 0;   // size of a file it writes (RLIMIT_FSIZE)
};

struct InProcessOptions {
  // Default deadline of a call. It can only be detected here: a call that comes back too late is deadlineExceeded, a
  // call that never comes back blocks its caller. Zero: none.
  std::chrono::milliseconds deadline{0};
  // What becomes of what the module has not given back when it is unloaded.
  LeakPolicies leaks = {};
  // A free of what the module did not allocate, or freed before, aborts the process. Otherwise it is noted in the
  // ledger and given to the host's allocator (freed before: left alone).
  bool abortOnBadFree = false;
  // Without a ledger the module's heap calls are libc's own; what it leaks stays, threads of it that run are not
  // noticed.
  bool keepLedger = true;
};

struct IsolatedOptions {
  // Default deadline of a call, for methods without their own; not zero: a hung module must end somewhere.
  std::chrono::milliseconds deadline{30'000};
  // From the start of a worker to its first readiness: spawn, lock-down, dlopen, constructors.
  std::chrono::milliseconds loadDeadline{10'000};
  // The largest message in either direction; a larger one is messageTooLarge.
  std::uint64_t maxMessageBytes = std::uint64_t{256} << 20;
  // Host threads that may have a call under way at once, each with a thread of its own in the worker.
  std::uint32_t maxLanes = 128;
  // Threads of the module that may have an import under way at once.
  std::uint32_t maxImportLanes = 16;
  // Bytes of a lane's slot in each direction; larger messages take a region of their own. A multiple of 4096.
  std::uint32_t slotBytes = 16 * 1024;
  // Stack of a lane's thread in the worker.
  std::uint64_t laneStackBytes = std::uint64_t{2} << 20;
  Limits limits = {};
  // The least isolation that will do; a system that cannot give it makes the load fail with requirementNotMet.
  Tier requiredTier = Tier::process;
};

// How a module is placed: a kind, and options for either kind, since configuration may choose the other one.
class Placement {
 public:
  enum class Kind : std::uint8_t { inProcess, isolated };

  static Placement inProcess(InProcessOptions options = {}) { return Placement(Kind::inProcess, options, {}); }
  static Placement isolated(IsolatedOptions options = {}) { return Placement(Kind::isolated, {}, options); }

  // Makes this kind the floor: configuration may strengthen it (to isolated), never weaken it.
  Placement required() const {
    Placement copy = *this;
    copy.required_ = true;
    return copy;
  }
  // The same placement with the other kind's options, for when configuration chooses it.
  Placement with(const InProcessOptions& options) const {
    Placement copy = *this;
    copy.inProcess_ = options;
    return copy;
  }
  Placement with(const IsolatedOptions& options) const {
    Placement copy = *this;
    copy.isolated_ = options;
    return copy;
  }
  Placement as(Kind kind) const {
    Placement copy = *this;
    copy.kind_ = kind;
    return copy;
  }

  Kind kind() const noexcept { return kind_; }
  bool isRequired() const noexcept { return required_; }
  const InProcessOptions& inProcessOptions() const noexcept { return inProcess_; }
  const IsolatedOptions& isolatedOptions() const noexcept { return isolated_; }

 private:
  Placement(Kind kind, InProcessOptions inProcess, IsolatedOptions isolated)
      : kind_(kind), inProcess_(inProcess), isolated_(isolated) {}

  Kind kind_;
  bool required_ = false;
  InProcessOptions inProcess_;
  IsolatedOptions isolated_;
};

// "in-process" or "isolated".
constexpr std::string_view toString(Placement::Kind kind) noexcept {
  return kind == Placement::Kind::inProcess ? "in-process" : "isolated";
}

}  // namespace bulkhead
