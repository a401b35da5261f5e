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

// The earlier of two deadlines, where 0 means none.
inline std::int64_t earlier(std::int64_t a, std::int64_t b) noexcept {
  if (a == 0 || b == 0) return a + b;
  return a < b ? a : b;
}

}  // namespace bulkhead
