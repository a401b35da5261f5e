// The queue of a serialized contract in one generation of its module: one thread at a time, in the order of arrival,
// re-entrant for nested calls.
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
  enum class Turn : std::uint8_t {
    mine,
    none,   // it did not come in time, or the call was cancelled
    moved,  // another generation serves: its queue is the one to stand in
  };

  // Blocks until it is this thread's turn, at most until `deadlineNs` (CLOCK_MONOTONIC; 0: without limit) or until
  // `cancel` (may be null) is requested.
  Turn enter(std::int64_t deadlineNs, const CancelScope* cancel = nullptr);
  // Ends this thread's turn (its outermost one lets the next thread in).
  void leave();

  // Sends away who waits and who comes, nested calls of who has the turn excepted; open() ends that.
  void close();
  void open();

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::deque<std::thread::id> waiting_;
  std::thread::id owner_;
  std::uint32_t depth_ = 0;
  bool closed_ = false;
};

}  // namespace bulkhead::detail
