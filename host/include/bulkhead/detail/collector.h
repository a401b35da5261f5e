// Where the error of a failed call arrives on the host's side of a table.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/error.h>

#include <memory>

namespace bulkhead::detail {

// One for each call, on the caller's stack. It costs a call that succeeds no look at what was reported: after
// BULKHEAD_FAILED exactly one of take() and drop() must follow. A module that reports an error and says BULKHEAD_OK
// breaks the rules of abi.h and leaks it.
class ErrorCollector {
 public:
  ErrorCollector() noexcept : sink_{this, &collect} {}
  ErrorCollector(const ErrorCollector&) = delete;
  ErrorCollector& operator=(const ErrorCollector&) = delete;
  ~ErrorCollector() {}

  const BulkheadErrorSink* sink() const noexcept { return &sink_; }

  // The error of a call through `binding` that returned BULKHEAD_FAILED, with module and method filled in. What a module
  // reports is a moduleError whatever kind it claims; only the host's own stubs name other kinds.
  // A reply that such a stub could not decode ends the worker.
  [[gnu::cold]] Error take(const InterfaceSlot& slot, const Binding& binding, const BulkheadMethod& method);
  [[gnu::cold]] void drop() noexcept {
    if (reported_) std::destroy_at(&error_);
    reported_ = false;
  }

 private:
  [[gnu::cold]] static void collect(void* context, const BulkheadErrorView* view) noexcept;

  BulkheadErrorSink sink_;
  bool reported_ = false;
  bool byStub_ = false;  // made from parts, not passed on as a whole: the stub itself found it
  union {
    Error error_;  // if reported
  };
};

}  // namespace bulkhead::detail
