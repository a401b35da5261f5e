// Per-call options: they travel beside the call in a scope of the calling thread, not in the tables' signatures. A call
// that the host makes from an import, on the same thread, is under the options of the call around it, too.
#pragma once

#include <bulkhead/detail/guard.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace bulkhead::detail {

// Sets the calling thread's wall deadline and restores the outer one. The earlier of the two holds.
class WallDeadline {
 public:
  explicit WallDeadline(std::chrono::nanoseconds limit) noexcept;
  // By a point of CLOCK_MONOTONIC in nanoseconds.
  explicit WallDeadline(std::int64_t untilNs) noexcept;
  WallDeadline(const WallDeadline&) = delete;
  WallDeadline& operator=(const WallDeadline&) = delete;
  ~WallDeadline() {
    callThread.wallDeadlineNs = outerNs_;
    callThread.optionsChanged();
  }

 private:
  std::int64_t outerNs_;
};

// Makes the calling thread's calls cancellable: by its own token, or by the one of a scope around it.
class CancelScope {
 public:
  explicit CancelScope(const std::stop_token& token);
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;
  ~CancelScope();

  bool isRequested() const noexcept { return either_.stop_requested(); }
  // Of both together.
  std::stop_token token() const noexcept { return either_.get_token(); }
  // Not zero once requested: what an in-process module looks at.
  const std::int32_t* flag() const noexcept { return &flag_; }

 private:
  struct Request {
    CancelScope* scope;
    void operator()() const noexcept { scope->request(); }
  };
  void request() noexcept;

  const CancelScope* const outer_;
  const std::uint32_t epoch_;  // of forks: a child has nothing to cancel, and not the memory to say it in
  std::stop_source either_;
  std::int32_t flag_ = 0;  // accessed by atomic built-ins: the module reads it as a plain C word
  std::optional<std::stop_callback<Request>> byOuter_;
  std::stop_callback<Request> byToken_;
};

}  // namespace bulkhead::detail
