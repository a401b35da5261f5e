// The swapping side of the call guard (bulkhead/detail/guard.h): ids, and finding out whether calls still hold one.
#pragma once

#include <bulkhead/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::detail {

// Id 0 belongs to bindings that are not live: nobody ever waits for it.
inline constexpr std::uint32_t kNoGuard = 0;

// A free id. resourceExhausted when 65,535 are taken; requirementNotMet on a kernel that
// refuses membarrier(2) (Linux 4.14 has it; a seccomp filter may deny it).
Result<std::uint32_t> acquireGuardId();
// Returns an id that no call holds any more.
void releaseGuardId(std::uint32_t id) noexcept;

// Makes every thread's marks visible to this one: call between swapping a binding and the first look below.
void guardBarrier() noexcept;
// Threads inside calls that hold the id.
std::uint64_t guardCount(std::uint32_t id) noexcept;
// A call that holds an id, as it was seen in passing.
struct CallUnderWay {
  std::int32_t tid;  // of its caller's thread
  std::string method;
};
std::vector<CallUnderWay> guardCalls(std::uint32_t id);
// Whether the calling thread itself is inside a call that holds the id.
bool guardHeldHere(std::uint32_t id) noexcept;
// Waits until no call holds the id, at most until `deadlineNs` (CLOCK_MONOTONIC). Issues the barrier itself.
bool guardDrain(std::uint32_t id, std::int64_t deadlineNs) noexcept;

}  // namespace bulkhead::detail
