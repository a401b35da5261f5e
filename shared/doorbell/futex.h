// Sleeping until a 32-bit word changes: the only home of futex system calls.
//
// Every wait may return `woken` without a wake (signals, races, a peer that wakes for fun): look at the words again and
// wait again. No wait trusts a word's value; a hostile peer can cost a waiter turns of its loop, never more time than
// its deadline. Deadlines are absolute CLOCK_MONOTONIC nanoseconds as in shared/clock.h; 0 means none. A word may lie
// in memory that is mapped read-only. No function allocates, throws or takes a lock.
#pragma once

#include <atomic>
#include <cstdint>

namespace bulkhead::doorbell {

using Word = std::atomic<std::uint32_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 4);

// Where a word's waiters and wakers live.
enum class Scope {
  processPrivate,  // all in this process
  shared,          // some in another process: the word is in a shared map
};

enum class Wait {
  woken,     // a word changed, was woken, or no reason at all
  timedOut,  // the deadline passed
};

// Sleeps while `word` holds `expected`, until woken or the deadline. A deadline in the past does not sleep.
Wait wait(const Word& word, std::uint32_t expected, std::int64_t deadlineNs, Scope scope = Scope::shared) noexcept;

// Wakes the waiters of `word`, at most `count` of them. The caller has changed the word before.
void wake(const Word& word, Scope scope = Scope::shared, int count = 1) noexcept;

// Sleeps while `reply` (shared) holds `expectedReply` and `death` (process private) holds `expectedDeath`: the wake of
// either ends it, so a worker's death is never a lost wake. By futex_waitv; where the kernel has none or a filter
// denies it, by short waits on `reply` between looks at `death`.
Wait waitAny(const Word& reply, std::uint32_t expectedReply, const Word& death, std::uint32_t expectedDeath,
             std::int64_t deadlineNs) noexcept;

namespace internal {
// The fallback of waitAny, on its own for its test.
Wait waitAnyByTurns(const Word& reply, std::uint32_t expectedReply, const Word& death, std::uint32_t expectedDeath,
                    std::int64_t deadlineNs) noexcept;
}  // namespace internal

}  // namespace bulkhead::doorbell
