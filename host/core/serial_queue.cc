#include "host/core/serial_queue.h"

#include "host/core/on_cancel.h"
#include "shared/clock.h"

#include <algorithm>

namespace bulkhead::detail {

bool SerialQueue::enter(std::int64_t deadlineNs, const CancelScope* cancel) {
  const std::thread::id self = std::this_thread::get_id();
  const OnCancel wake(cancel, [this] {
    const std::lock_guard look(mutex_);
    turn_.notify_all();
  });
  std::unique_lock lock(mutex_);
  if (depth_ != 0 && owner_ == self) {
    ++depth_;
    return true;
  }
  waiting_.push_back(self);
  const auto myTurn = [&] { return depth_ == 0 && waiting_.front() == self; };
  const auto ended = [&] { return myTurn() || isCancelled(cancel); };
  if (deadlineNs == 0) {
    turn_.wait(lock, ended);
  } else {
    turn_.wait_until(lock, timePoint(deadlineNs), ended);
  }
  const bool entered = myTurn();
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), self));
  if (!entered) {
    turn_.notify_all();  // this thread may have stood first
    return false;
  }
  owner_ = self;
  depth_ = 1;
  return true;
}

void SerialQueue::leave() {
  const std::lock_guard lock(mutex_);
  if (--depth_ == 0) {
    owner_ = {};
    turn_.notify_all();
  }
}

}  // namespace bulkhead::detail
