// The one clock of deadlines: CLOCK_MONOTONIC in nanoseconds, the same for host and worker.
#pragma once

#include <chrono>
#include <cstdint>

namespace bulkhead {

inline std::int64_t nowNs() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// For condition variables.
inline std::chrono::steady_clock::time_point timePoint(std::int64_t ns) noexcept {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(ns));
}

// `ns` after `now`, at most the end of time. Never 0, which means none.
inline std::int64_t later(std::int64_t now, std::int64_t ns) noexcept {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(now, ns, &sum)) sum = ns < 0 ? INT64_MIN : INT64_MAX;
  return sum == 0 ? 1 : sum;
}

// In nanoseconds, as far as they can be counted: some 292 years.
inline std::int64_t toNs(std::chrono::milliseconds duration) noexcept {
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(std::int64_t{duration.count()}, std::int64_t{1'000'000}, &ns)) {
    return duration.count() < 0 ? INT64_MIN : INT64_MAX;
  }
  return ns;
}

// The earlier of two deadlines, where 0 means none.
inline std::int64_t earlier(std::int64_t a, std::int64_t b) noexcept {
  if (a == 0 || b == 0) return a + b;
  return a < b ? a : b;
}

}  // namespace bulkhead
