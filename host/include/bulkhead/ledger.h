// What a module's own code acquired and has not given back, kept per in-process module: Module::ledger().
//
// The hooks that bulkhead_add_module links into a module see what its own code asks libc for. What other shared
// libraries do on its behalf is theirs and not seen; nor are raw system calls. A module on the shared C++ runtime, or
// built with a sanitizer, has no heap in its ledger, and on the shared runtime no std::thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead {

enum class Resource : std::uint8_t {
  heap,
  thread,
  tlsDestructor,  // of a thread_local object that lives
  threadKey,      // pthread_key_create
  descriptor,
  stream,  // FILE, popen's too
  directory,
  mapping,
  signalHandler,
  timer,
  exitHandler,
  library,  // dlopen
};
inline constexpr std::size_t kResources = 12;

// "heap", "thread", "TLS destructor", ...
const char* toString(Resource kind) noexcept;

// What becomes of one kind of thing that a module leaves behind at its unload.
enum class LeakPolicy : std::uint8_t {
  clean,   // given back silently
  warn,    // given back; one log line of level warning says how many, and where the first was acquired
  refuse,  // the unload is refused
};

// A policy per kind; all `clean` at first. A thread that lives always refuses. Heap, TLS destructors and exit handlers
// are used by every C++ module until its static objects are gone, after which no unload can be taken back: they cannot
// refuse (invalidConfiguration).
class LeakPolicies {
 public:
  constexpr LeakPolicy of(Resource kind) const noexcept { return policies_[static_cast<std::size_t>(kind)]; }
  constexpr LeakPolicies with(Resource kind, LeakPolicy policy) const noexcept {
    LeakPolicies copy = *this;
    copy.policies_[static_cast<std::size_t>(kind)] = policy;
    return copy;
  }
  static constexpr LeakPolicies all(LeakPolicy policy) noexcept {
    LeakPolicies policies;
    for (LeakPolicy& each : policies.policies_) each = policy;
    return policies;
  }

 private:
  std::array<LeakPolicy, kResources> policies_{};
};

// One thing that was acquired; of heap: all blocks that one call site acquired.
struct Acquired {
  Resource kind = Resource::heap;
  std::uint64_t key =
      0;  // descriptor, thread id, signal number, address ...; of several heap blocks the first's address
  std::uint64_t count = 1;       // of heap blocks
  std::uint64_t bytes = 0;       // of heap and mappings
  std::uint64_t siteOffset = 0;  // return address of the call, from the start of the module; 0: not known
  std::string call = {};         // "malloc", "open", ...
  std::string text = {};         // more for people: a path, a thread's name; may be empty
};

// A free of what the module did not allocate, or freed before.
struct BadFree {
  std::uint64_t siteOffset = 0;   // as above
  const void* pointer = nullptr;  // of the first one
  std::uint64_t count = 0;
  bool isDouble = false;
};

struct ResourceTotals {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

// A snapshot.
struct Ledger {
  bool isKept = false;  // false for isolated modules, whose process is the ledger, and for modules without hooks
  std::array<ResourceTotals, kResources> totals{};
  std::vector<Acquired> entries = {};
  std::vector<BadFree> badFrees = {};

  const ResourceTotals& of(Resource kind) const noexcept { return totals[static_cast<std::size_t>(kind)]; }
};

}  // namespace bulkhead
