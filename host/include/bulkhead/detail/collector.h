// Where the error of a failed call arrives on the host's side of a table.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/error.h>

#include <optional>

namespace bulkhead::detail {

class ErrorCollector {
 public:
  ErrorCollector() noexcept : sink_{this, &collect} {}
  ErrorCollector(const ErrorCollector&) = delete;
  ErrorCollector& operator=(const ErrorCollector&) = delete;

  const BulkheadErrorSink* sink() const noexcept { return &sink_; }

  // The error of a call through `binding` that returned BULKHEAD_FAILED, with module and method filled in. What a module
  // reports is a moduleError whatever kind it claims; only the host's own stubs name other kinds.
  [[gnu::cold]] Error take(const InterfaceSlot& slot, const Binding& binding, const BulkheadMethod& method);

 private:
  [[gnu::cold]] static void collect(void* context, const BulkheadErrorView* view) noexcept;

  BulkheadErrorSink sink_;
  std::optional<Error> error_;
};

}  // namespace bulkhead::detail
