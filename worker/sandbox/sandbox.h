// Locking the worker down before any code of a module is mapped.
//
// What happens when, in a worker's life:
//   by the spawner   clean environment, descriptors closed, parent-death signal, no_new_privs      (host/isolated)
//   lockDown()       the phases of phases.h, in their order
//   then             the module is loaded
#pragma once

#include "shared/control/messages.h"

#include <bulkhead/result.h>
#include <bulkhead/tier.h>

#include <string>
#include <vector>

namespace bulkhead::sandbox {

struct Policy {
  control::Limits limits;
  std::vector<int> descriptors;  // stay open; every other one is closed
  int lifeline = -1;             // its end of file says that the host is gone; among `descriptors`
};

// What was reached, measure by measure.
struct Report {
  Tier tier = Tier::process;
  std::vector<control::LockdownStep> steps;
};

// Applies the policy to this process, once, while it has one thread. Fails with requirementNotMet when a measure that
// the tier promises cannot be had: the process must then exit without loading anything. Not reversible.
Result<Report> lockDown(const Policy& policy);

}  // namespace bulkhead::sandbox
