// Spinning for a short, adaptive time before a thread goes to sleep on a doorbell.
//
// A sleep and its wake cost some microseconds each, tens of them where the CPU was halted meanwhile; an answer is often
// there sooner. Spinning helps only while the peer can run at the same time: with one CPU there is none, and a process
// never spins for long on more threads than CPUs.
#pragma once

#include <chrono>
#include <cstdint>

namespace bulkhead::doorbell {

// CPUs that the system has online, as counted at the first call; at least 1. Not this thread's affinity: that may
// change, and says nothing about where the peer runs.
int usableCpus() noexcept;

// The CPU that the calling thread runs on just now: a hint. Costs a few nanoseconds.
std::uint32_t currentCpu() noexcept;

namespace internal {
// Counts this thread among the process's spinners; false when there are as many as CPUs, or only one CPU.
bool enterSpin() noexcept;
void leaveSpin() noexcept;

inline void pauseCpu() noexcept { __builtin_ia32_pause(); }
}  // namespace internal

// How long one waiter spins, learned from its own past. One per waiting thread or lane; not thread-safe.
//
// While answers come quickly it spins up to kLongest. When they do not, it soon looks only a moment (kGlances), and now
// and then (every kProbeInterval waits) for kLongest again: two sides that both sleep each wait for the other's
// wake-up, and so would never see that they could be quick.
class SpinPolicy {
 public:
  static constexpr std::chrono::nanoseconds kShortest{1'000};
  // Longer than the wake-up of a halted CPU.
  static constexpr std::chrono::nanoseconds kLongest{100'000};
  static constexpr std::uint32_t kProbeInterval = 64;

  // Calls `ready` until it returns true or the budget is spent; true when it did. `ready` must be cheap and noexcept:
  // a load of the awaited word. Looks at least once. Never sleeps.
  template <class Ready>
  bool spin(Ready&& ready) noexcept {
    if (ready()) return true;
    if (usableCpus() == 1) return false;
    // A hot peer answers within these: no clock, and nothing that other threads write.
    for (int i = 0; i < kGlances; ++i) {
      internal::pauseCpu();
      if (ready()) return true;
    }
    const bool probing = budget_ == kShortest && ++brief_ % kProbeInterval == 0;
    if (budget_ == kShortest && !probing) return false;
    if (!internal::enterSpin()) return false;
    const bool succeeded = spinWithin(probing ? kLongest : budget_, ready);
    internal::leaveSpin();
    learn(succeeded);
    return succeeded;
  }

  std::chrono::nanoseconds budget() const noexcept { return budget_; }

 private:
  static constexpr int kGlances = 96;
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

  // One success finds a quick peer; halving keeps a few long calls from ending it.
  void learn(bool succeeded) noexcept {
    if (succeeded) {
      budget_ = kLongest;
    } else {
      budget_ = budget_ / 2 < kShortest ? kShortest : budget_ / 2;
    }
  }

  std::chrono::nanoseconds budget_{kLongest};
  std::uint32_t brief_ = 0;  // waits that only glanced
};

}  // namespace bulkhead::doorbell
