// The stack of another thread of this process, taken by a real-time signal to that thread.
#pragma once

#include <bulkhead/result.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::watchdog {

// What capture() got.
struct CapturedStack {
  std::vector<void*> addresses;  // as currentStack() gives them
  std::string why;               // there are none
};

// Holds a signal while it lives: its handler is ours, and the default comes back with the last holder's end.
class StackSignal {
 public:
  // 0: one that is held already, or the highest real-time signal that nothing handles. invalidConfiguration when the
  // number is no real-time signal, requirementNotMet when the program handles it itself.
  static Result<std::unique_ptr<StackSignal>> take(int wanted);

  StackSignal(const StackSignal&) = delete;
  StackSignal& operator=(const StackSignal&) = delete;
  ~StackSignal();

  int number() const noexcept { return number_; }
  // Blocks at most `limit`, and as long again where the thread has begun to answer and does not end. A thread that
  // blocks the signal, does not run or is gone has no stack. Not on the thread itself.
  CapturedStack capture(int threadId, std::chrono::milliseconds limit);

 private:
  explicit StackSignal(int number) noexcept : number_(number) {}
  const int number_;
};

}  // namespace bulkhead::watchdog
