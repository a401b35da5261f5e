#include "host/core/serial_queue.h"

#include "host/core/on_cancel.h"
#include "shared/clock.h"

#include <algorithm>

namespace bulkhead::detail {

SerialQueue::Turn SerialQueue::enter(std::int64_t deadlineNs, const CancelScope* cancel) {
  const std::thread::id self = std::this_thread::get_id();
  const OnCancel wake(cancel, [this] {
    const std::lock_guard look(mutex_);
    turn_.notify_all();
  });
  std::unique_lock lock(mutex_);
  if (depth_ != 0 && owner_ == self) {
    ++depth_;
    return Turn::mine;
  }
  waiting_.push_back(self);
  const auto myTurn = [&] { return depth_ == 0 && waiting_.front() == self; };
  const auto ended = [&] { return closed_ || myTurn() || isCancelled(cancel); };
  if (deadlineNs == 0) {
    turn_.wait(lock, ended);
  } else {
    turn_.wait_until(lock, timePoint(deadlineNs), ended);
  }
  const bool entered = !closed_ && myTurn();
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), self));
  if (!entered) {
    turn_.notify_all();  // this thread may have stood first
    return closed_ && !isCancelled(cancel) ? Turn::moved : Turn::none;
  }
  owner_ = self;
  depth_ = 1;
  return Turn::mine;
}

void SerialQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  turn_.notify_all();
}

void SerialQueue::open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
}

void SerialQueue::leave() {
  const std::lock_guard lock(mutex_);
  if (--depth_ == 0) {
    owner_ = {};
    turn_.notify_all();
  }
}

}  // namespace bulkhead::detail
