// The path of every call that is more than a jump through a live table: a deadline to look at, an option of the caller,
// a queue to stand in, or a module that is starting, restarting or gone.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/error.h>
#include <bulkhead/runtime.h>

#include <cstdint>
#include <optional>

namespace bulkhead::detail {

// One such call, on the stack of the calling thread: enter(), then the call through binding(), then leave().
class SlowCall {
 public:
  SlowCall(const InterfaceSlot& slot, const BulkheadMethod& method) noexcept;
  SlowCall(const SlowCall&) = delete;
  SlowCall& operator=(const SlowCall&) = delete;
  ~SlowCall();

  // Blocks until the module serves and, for a serialized contract, until it is this call's turn; at most to the call's
  // deadline, and until it is cancelled. What was waited does not count against the deadline that a default or an
  // annotation sets; within() limits both together. An error means that nothing was called: unavailable, overloaded,
  // staleHandle, cancelled, deadlineExceeded.
  std::optional<Error> enter();
  const Binding& binding() const noexcept { return pin_->binding(); }
  // The error of the call, if any: its own, or deadlineExceeded when an in-process call came back too late.
  std::optional<Error> leave(std::int32_t status, ErrorCollector& collector);

 private:
  bool pinLive();
  bool pinHeld();
  std::optional<Error> refused() const;
  std::optional<Error> awaitLive();
  std::optional<Error> queue(SerialQueue& queue);
  void leaveQueue();
  void restartLimit();
  void enterScope();

  const InterfaceSlot& slot_;
  const BulkheadMethod& method_;
  std::optional<InterfaceSlot> held_;  // a way to a binding that the slot does not show meanwhile
  std::optional<CallPin> pin_;
  std::int64_t limitNs_;  // of a default or an annotation; 0: none, or within() holds
  std::int64_t startNs_;
  std::int64_t deadlineNs_;  // 0: none
  BulkheadScope scope_{};
  bool scoped_ = false;
  bool outerScoped_ = false;
  SerialQueue* turn_ = nullptr;  // the queue in which it has the turn
  bool waited_ = false;
};

}  // namespace bulkhead::detail
