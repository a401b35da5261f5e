// How strongly a worker is confined. Each tier includes those before it.
#pragma once

#include <cstdint>

namespace bulkhead {

// The numbers cross the wire: never reuse one.
enum class Tier : std::uint8_t {
  process = 0,      // T0: a process of its own: closed descriptors, clean environment, rlimits, no_new_privs
  systemCalls = 1,  // T1: no capabilities, a system call filter
  files = 2,        // T2: Landlock
  namespaces = 3,   // T3: user, mount, pid, net and ipc namespaces
  cgroup = 4,       // T4: memory, processor and process counts held by a cgroup
};

// "T0 process"; "unknown tier" for a number that is none of ours.
constexpr const char* toString(Tier tier) noexcept {
  switch (tier) {
    case Tier::process: return "T0 process";
    case Tier::systemCalls: return "T1 system calls";
    case Tier::files: return "T2 files";
    case Tier::namespaces: return "T3 namespaces";
    case Tier::cgroup: return "T4 cgroup";
  }
  return "unknown tier";
}

}  // namespace bulkhead
