// Spinning for a short, adaptive time before a thread goes to sleep on a doorbell.
//
// A sleep and its wake cost some microseconds each; an answer is often there sooner. Spinning helps only while the peer
// can run at the same time: with one CPU to run on there is none, and a process never spins on more threads than CPUs.
#pragma once

#include <chrono>
#include <cstdint>

namespace bulkhead::doorbell {

// CPUs this process may run on, as counted at the first call; at least 1.
int usableCpus() noexcept;

namespace internal {
// Counts this thread among the process's spinners; false when there are as many as CPUs, or only one CPU.
bool enterSpin() noexcept;
void leaveSpin() noexcept;
// Looks at the affinity again, and returns what usableCpus() now returns.
int recountCpus() noexcept;

inline void pauseCpu() noexcept { __builtin_ia32_pause(); }
}  // namespace internal

// How long one waiter spins, learned from its own past. One per waiting thread or lane; not thread-safe.
class SpinPolicy {
 public:
  static constexpr std::chrono::nanoseconds kShortest{1'000};
  static constexpr std::chrono::nanoseconds kLongest{50'000};

  // Calls `ready` until it returns true or the budget is spent; true when it did. `ready` must be cheap and noexcept:
  // a load of the awaited word. Looks at least once. Never sleeps.
  template <class Ready>
  bool spin(Ready&& ready) noexcept {
    if (ready()) return true;
    if (!internal::enterSpin()) return false;
    const bool succeeded = spinWithin(budget_, ready);
    internal::leaveSpin();
    learn(succeeded);
    return succeeded;
  }

  std::chrono::nanoseconds budget() const noexcept { return budget_; }

 private:
  static constexpr int kPausesPerClockLook = 32;

  template <class Ready>
  static bool spinWithin(std::chrono::nanoseconds budget, Ready& ready) noexcept {
    const auto end = std::chrono::steady_clock::now() + budget;
    do {
      for (int i = 0; i < kPausesPerClockLook; ++i) {
        internal::pauseCpu();
        if (ready()) return true;
      }
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }

  // Doubling up finds a fast peer quickly; halving keeps a few long calls from ending it.
  void learn(bool succeeded) noexcept {
    if (succeeded) {
      budget_ = budget_ * 2 > kLongest ? kLongest : budget_ * 2;
    } else {
      budget_ = budget_ / 2 < kShortest ? kShortest : budget_ / 2;
    }
  }

  std::chrono::nanoseconds budget_{20'000};
};

}  // namespace bulkhead::doorbell
