// Threads that call until they are told to stop, also where a test ends early.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace bulkhead::conformance {

class Callers {
 public:
  // `done` is what they look at; borrowed.
  explicit Callers(std::atomic<bool>& done) : done_(done) {}
  ~Callers() { join(); }
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  void join() {
    done_ = true;
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }

  std::vector<std::thread> threads;

 private:
  std::atomic<bool>& done_;
};

}  // namespace bulkhead::conformance
