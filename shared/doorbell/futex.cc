#include "shared/doorbell/futex.h"

#include "shared/clock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

namespace bulkhead::doorbell {
namespace {

// The kernel's struct futex_waitv; headers before Linux 5.16 lack it.
struct WaitEntry {
  std::uint64_t value;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};
constexpr std::uint32_t kSize32 = 2;  // FUTEX_32

// The kernel's form of an absolute deadline; `get()` is null for none.
class KernelDeadline {
 public:
  explicit KernelDeadline(std::int64_t deadlineNs) noexcept : none_(deadlineNs == 0) {
    const std::int64_t count = std::max<std::int64_t>(0, deadlineNs);
    time_.tv_sec = static_cast<time_t>(count / 1'000'000'000);
    time_.tv_nsec = static_cast<long>(count % 1'000'000'000);
  }
  const timespec* get() const noexcept { return none_ ? nullptr : &time_; }

 private:
  timespec time_{};
  bool none_;
};

int privateFlag(Scope scope) noexcept { return scope == Scope::processPrivate ? FUTEX_PRIVATE_FLAG : 0; }

std::uint64_t addressOf(const Word& word) noexcept { return reinterpret_cast<std::uint64_t>(&word); }

// Set once futex_waitv turned out to be missing. Relaxed: only a hint.
std::atomic<bool> waitvMissing{false};

}  // namespace

Wait wait(const Word& word, std::uint32_t expected, std::int64_t deadlineNs, Scope scope) noexcept {
  const KernelDeadline until(deadlineNs);
  // WAIT_BITSET takes an absolute CLOCK_MONOTONIC time where WAIT takes a relative one.
  const long result = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | privateFlag(scope), expected, until.get(),
                                nullptr, FUTEX_BITSET_MATCH_ANY);
  return result != 0 && errno == ETIMEDOUT ? Wait::timedOut : Wait::woken;
}

void wake(const Word& word, Scope scope, int count) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE | privateFlag(scope), count, nullptr, nullptr, 0);
}

Wait waitAny(const Word& reply, std::uint32_t expectedReply, const Word& death, std::uint32_t expectedDeath,
             std::int64_t deadlineNs) noexcept {
  if (!waitvMissing.load(std::memory_order_relaxed)) [[likely]] {
    const WaitEntry entries[2] = {{expectedReply, addressOf(reply), kSize32, 0},
                                  {expectedDeath, addressOf(death), kSize32 | FUTEX_PRIVATE_FLAG, 0}};
    const KernelDeadline until(deadlineNs);
    const long result = ::syscall(SYS_futex_waitv, entries, 2, 0, until.get(), CLOCK_MONOTONIC);
    if (result >= 0) return Wait::woken;
    if (errno == ETIMEDOUT) return Wait::timedOut;
    if (errno != ENOSYS && errno != EPERM) return Wait::woken;  // EAGAIN, EINTR: look again
    waitvMissing.store(true, std::memory_order_relaxed);
  }
  return internal::waitAnyByTurns(reply, expectedReply, death, expectedDeath, deadlineNs);
}

namespace internal {

Wait waitAnyByTurns(const Word& reply, std::uint32_t expectedReply, const Word& death, std::uint32_t expectedDeath,
                    std::int64_t deadlineNs) noexcept {
  constexpr std::int64_t kShortestNs = 1'000'000;
  constexpr std::int64_t kLongestNs = 16'000'000;
  for (std::int64_t turnNs = kShortestNs;; turnNs = std::min(turnNs * 2, kLongestNs)) {
    if (death.load(std::memory_order_acquire) != expectedDeath) return Wait::woken;
    const std::int64_t turnEndNs = nowNs() + turnNs;
    if (wait(reply, expectedReply, earlier(turnEndNs, deadlineNs), Scope::shared) == Wait::woken) return Wait::woken;
    if (deadlineNs != 0 && deadlineNs <= turnEndNs) return Wait::timedOut;
  }
}

}  // namespace internal
}  // namespace bulkhead::doorbell
