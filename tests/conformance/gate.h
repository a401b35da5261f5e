// How tests hold calls where they want them: by conditions, never by the clock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace bulkhead::conformance {

// Threads wait at it until it is opened. Any thread may use it.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // Blocks until so many have come, whether they wait or passed.
  void awaitArrivals(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }
  // Comes, and blocks until so many have come in all.
  void meet(std::size_t count) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }
  std::size_t arrivals() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t arrived_ = 0;
  bool open_ = false;
};

}  // namespace bulkhead::conformance
