// Where the error of a failed call arrives on the host's side of a table.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/error.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bulkhead::detail {

// One for each thread, so that a call that succeeds sets up nothing and looks at nothing: every store of a call's stack
// frame counts there. A call that failed takes what was reported last. Calls of one thread nest, and each that fails
// reports once, right before it returns: so that is its own. (A module that reports and then says BULKHEAD_OK breaks
// the rules of abi.h; what it said stays behind.)
class ErrorCollector {
 public:
  ErrorCollector() noexcept : sink_{this, &collect} {}
  ErrorCollector(const ErrorCollector&) = delete;
  ErrorCollector& operator=(const ErrorCollector&) = delete;

  const BulkheadErrorSink* sink() const noexcept { return &sink_; }

  // The error of a call through `binding` that returned BULKHEAD_FAILED, with module and method filled in. What a
  // module reports is a moduleError whatever kind it claims; only the host's own stubs name other kinds. A reply that
  // such a stub could not decode ends the worker.
  [[gnu::cold]] Error take(const InterfaceSlot& slot, const Binding& binding, const BulkheadMethod& method);
  // Forgets what was reported last: the call that failed has another error.
  [[gnu::cold]] void drop() noexcept;

 private:
  struct Reported {
    Error error;
    bool byStub;  // made from parts, not passed on as a whole: the stub itself found it
  };

  [[gnu::cold]] static void collect(void* context, const BulkheadErrorView* view) noexcept;

  BulkheadErrorSink sink_;
  std::vector<Reported> reported_;
};

// A thread's collector lies right before its marks.
inline constexpr std::size_t kCollectorBytes = 64;
static_assert(sizeof(ErrorCollector) <= kCollectorBytes);

inline ErrorCollector& collectorOf(std::atomic<CallMark>* marks) noexcept {
  return *reinterpret_cast<ErrorCollector*>(reinterpret_cast<char*>(marks) - kCollectorBytes);
}

}  // namespace bulkhead::detail
