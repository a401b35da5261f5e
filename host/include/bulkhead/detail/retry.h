// The second attempt of an idempotent call whose worker died under it.
#pragma once

#include <bulkhead/detail/call_options.h>
#include <bulkhead/error.h>

#include <optional>

namespace bulkhead::detail {

// Made right after the first attempt failed, on its thread; lives as long as the second one. It is allowed if the
// worker died (not: if it was ended for this call's own deadline), no import of the worker ran meanwhile, the call was
// not nested in another one of that worker, it is not cancelled, and something is left of the caller's wall deadline:
// the second attempt has that and no more.
class Retry {
 public:
  explicit Retry(Error first);

  bool isAllowed() const noexcept { return isAllowed_; }
  const Error& first() const noexcept { return first_; }
  // The second attempt failed, too: its error, which says that it is the second.
  [[gnu::cold]] Error failedAgain(const Error& second) const;
  // The second attempt could not be made: the first error, which says why.
  [[gnu::cold]] Error notMade(const Error& why) const;

 private:
  const Error first_;
  bool isAllowed_ = false;
  std::optional<WallDeadline> until_;  // none where the first attempt had none
};

}  // namespace bulkhead::detail
