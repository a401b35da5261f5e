// For waits that a cancellation must end.
#pragma once

#include <bulkhead/detail/call_options.h>

#include <optional>
#include <stop_token>
#include <utility>

namespace bulkhead::detail {

// Runs `wake` when the scope (may be null) is cancelled: on the thread that cancels, or at once on this one if that has
// happened. Its end waits for a `wake` under way, so it must not hold what `wake` takes, nor may its beginning.
template <class Wake>
class OnCancel {
 public:
  OnCancel(const CancelScope* scope, Wake wake) {
    if (scope != nullptr) callback_.emplace(scope->token(), std::move(wake));
  }
  OnCancel(const OnCancel&) = delete;
  OnCancel& operator=(const OnCancel&) = delete;

 private:
  std::optional<std::stop_callback<Wake>> callback_;
};

inline bool isCancelled(const CancelScope* scope) noexcept { return scope != nullptr && scope->isRequested(); }

}  // namespace bulkhead::detail
