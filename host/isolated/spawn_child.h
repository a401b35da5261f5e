// The moment between clone and exec.
//
// The child shares the host's memory while the thread that made it stands still, and every other thread of the host
// goes on: so it calls nothing that might lock, allocate or be instrumented. All it needs is laid out beforehand.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace bulkhead::isolated {

// What the child was doing when it failed.
enum class SpawnStep : int { none, parentDeathSignal, descriptors, closeOthers, limits, noNewPrivileges, exec };

// The kernel's struct sigaction on x86-64; all zero is SIG_DFL.
struct KernelSigaction {
  std::uint64_t words[4];
};

struct SpawnPlan {
  int program;
  const char* const* arguments;    // null-terminated
  const char* const* environment;  // null-terminated
  const int* descriptors;          // become 0 .. descriptorCount - 1
  int* duplicates;                 // scratch of the same length
  int descriptorCount;
  const int* limitResources;
  const rlimit* limitValues;
  int limitCount;
  pid_t parent;  // the process that must still be there
  KernelSigaction defaultAction;
  std::uint64_t noSignals;
  // Written by the child, before its end, for its parent to read.
  volatile SpawnStep failedStep;
  volatile int failure;  // errno
};

// Clones a child that executes the plan on `stack`, and waits until it runs the program or has failed (`failedStep`).
// Returns its pid and sets `pidfd` (close-on-exec), or a negative errno value. The caller has blocked all signals.
long spawnChild(SpawnPlan& plan, std::byte* stack, std::size_t stackBytes, int& pidfd) noexcept;

}  // namespace bulkhead::isolated
