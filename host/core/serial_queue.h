// The queue of a serialized contract: one thread at a time, in the order of arrival, re-entrant for nested calls.
#pragma once

#include <bulkhead/detail/call_options.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

namespace bulkhead::detail {

class SerialQueue {
 public:
  // Blocks until it is this thread's turn, at most until `deadlineNs` (CLOCK_MONOTONIC; 0: without limit) or until
  // `cancel` (may be null) is requested. False when the turn did not come.
  bool enter(std::int64_t deadlineNs, const CancelScope* cancel = nullptr);
  // Ends this thread's turn (its outermost one lets the next thread in).
  void leave();

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::deque<std::thread::id> waiting_;
  std::thread::id owner_;
  std::uint32_t depth_ = 0;
};

}  // namespace bulkhead::detail
