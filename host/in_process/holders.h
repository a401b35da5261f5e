// What stands in the way of an unload, as values.
#pragma once

#include "shared/loader/loader.h"

#include <bulkhead/ledger.h>
#include <bulkhead/unload.h>

#include <cstdint>
#include <vector>

namespace bulkhead::in_process {

enum class WhichThreads : std::uint8_t {
  detached,  // those that nobody will join
  all,
};

// Waits for threads that are past their last code of the module, at most until `deadlineNs`: they go by themselves.
void awaitEndingThreads(const loader::Library& library, std::int64_t deadlineNs);

// The module's threads that live.
std::vector<Holder> threadHolders(const loader::Library& library, WhichThreads which);

// What pins the file.
std::vector<Holder> pinHolders(const loader::Library& library);

// What the policies refuse to clean.
std::vector<Holder> policyHolders(const loader::Library& library, const LeakPolicies& policies);

// Calls that did not end: who is inside, and in which method.
std::vector<Holder> callHolders(std::uint32_t guardId);

// Whether unloading all the same would crash the process rather than overrule a verdict.
bool isFatal(const Holder& holder) noexcept;

}  // namespace bulkhead::in_process
