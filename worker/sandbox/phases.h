// The measures of the lock-down, one function each.
//
// Order matters, and the table in phases.cc keeps it: namespaces, mounts, ids and capabilities come first (a change of
// ids clears the parent-death signal), then the parent-death signal, descriptors, limits, no_new_privs, Landlock and
// the system call filter of the loading phase. The table holds what exists; a tier's measures take their place in it.
#pragma once

#include "worker/sandbox/sandbox.h"

#include <bulkhead/result.h>
#include <bulkhead/tier.h>

#include <span>
#include <string>

namespace bulkhead::sandbox {

// What a measure came to. `reached` is false where there was nothing to do or it could not be done without harm: the
// detail says which.
struct Outcome {
  bool reached = true;
  std::string detail;
};

struct Phase {
  const char* name;
  Tier tier;  // which promises it
  Result<Outcome> (*apply)(const Policy& policy);
};

// In the order in which they are applied.
std::span<const Phase> phases() noexcept;

// SIGKILL when the host's spawner ends; fails when the host is gone already.
Result<Outcome> bindToHost(const Policy& policy);
// Closes every descriptor that the policy does not name.
Result<Outcome> closeDescriptors(const Policy& policy);
// Soft and hard limits alike, so that the module cannot raise them. No core files, in every policy.
Result<Outcome> limitResources(const Policy& policy);
// No exec of this process or its children gains rights.
Result<Outcome> renouncePrivileges(const Policy& policy);

}  // namespace bulkhead::sandbox
