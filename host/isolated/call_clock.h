// The two clocks of an isolated call. The wall clock never stops: it is the caller's. The module's budget stops while
// the host serves an import: that time is the host's own.
#pragma once

#include "shared/clock.h"

#include <cstdint>

namespace bulkhead::isolated {

class CallClock {
 public:
  // `wallNs` is a point of CLOCK_MONOTONIC, `budgetNs` a duration; 0 for none.
  CallClock(std::int64_t startNs, std::int64_t wallNs, std::int64_t budgetNs) noexcept
      : startNs_(startNs), wallNs_(wallNs), budgetNs_(budgetNs), runningSinceNs_(startNs) {}

  // The module is at work until this point at most. 0: no limit.
  std::int64_t limitNs() const noexcept {
    return earlier(wallNs_, budgetNs_ == 0 ? 0 : later(runningSinceNs_, budgetNs_));
  }
  // The caller's limit; 0: none.
  std::int64_t wallNs() const noexcept { return wallNs_; }
  bool expired(std::int64_t now) const noexcept { return limitNs() != 0 && now >= limitNs(); }
  // How long the call has been under way, for messages.
  std::int64_t elapsedNs(std::int64_t now) const noexcept { return now - startNs_; }

  // The host starts, and ends, serving an import.
  void pause(std::int64_t now) noexcept {
    if (budgetNs_ == 0) return;
    budgetNs_ -= now - runningSinceNs_;
    if (budgetNs_ <= 0) budgetNs_ = 1;  // spent: expires as soon as the module runs again
  }
  void resume(std::int64_t now) noexcept { runningSinceNs_ = now; }

 private:
  std::int64_t startNs_;
  std::int64_t wallNs_;
  std::int64_t budgetNs_;
  std::int64_t runningSinceNs_;
};

}  // namespace bulkhead::isolated
