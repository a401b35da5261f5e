#include "host/core/on_cancel.h"
#include "shared/clock.h"

#include <bulkhead/detail/retry.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace bulkhead::detail {

Retry::Retry(Error first) : first_(std::move(first)) {
  const std::int64_t untilNs = std::exchange(callThread.retryUntilNs, 0);
  if (first_.kind() != ErrorKind::moduleDied || untilNs == 0 || nowNs() >= untilNs) return;
  if (isCancelled(callThread.cancel)) return;
  isAllowed_ = true;
  if (untilNs != std::numeric_limits<std::int64_t>::max()) until_.emplace(untilNs);
}

Error Retry::failedAgain(const Error& second) const {
  ErrorBody body = second.body();
  body.text += " (this was the second attempt of an idempotent call; the first: " + first_.text() + ")";
  return Error(std::move(body));
}

Error Retry::notMade(const Error& why) const {
  ErrorBody body = first_.body();
  body.text += " (idempotent, but not tried again: " + why.text() + ")";
  return Error(std::move(body));
}

}  // namespace bulkhead::detail
