#include "host/isolated/fork_guard.h"
#include "shared/clock.h"

#include <bulkhead/detail/call_options.h>

namespace bulkhead::detail {

WallDeadline::WallDeadline(std::chrono::nanoseconds limit) noexcept : WallDeadline(later(nowNs(), limit.count())) {}

WallDeadline::WallDeadline(std::int64_t untilNs) noexcept : outerNs_(callThread.wallDeadlineNs) {
  callThread.wallDeadlineNs = earlier(outerNs_, untilNs);
  callThread.optionsChanged();
}

// The callbacks come last: they run at once where the request was made before.
CancelScope::CancelScope(const std::stop_token& token)
    : outer_(callThread.cancel),
      epoch_(isolated::fork_guard::epoch.load(std::memory_order_relaxed)),
      byToken_(token, Request{this}) {
  if (outer_ != nullptr) byOuter_.emplace(outer_->token(), Request{this});
  callThread.cancel = this;
  callThread.optionsChanged();
}

CancelScope::~CancelScope() {
  callThread.cancel = outer_;
  callThread.optionsChanged();
}

void CancelScope::request() noexcept {
  if (isolated::fork_guard::epoch.load(std::memory_order_relaxed) != epoch_) return;
  __atomic_store_n(&flag_, 1, __ATOMIC_SEQ_CST);
  either_.request_stop();
}

}  // namespace bulkhead::detail
