// How grave a log line is.
#pragma once

#include <cstdint>

namespace bulkhead {

// The numbers cross the ABI and the wire: never reuse one.
enum class LogLevel : std::uint32_t { debug = 1, info = 2, warning = 3, error = 4 };

// "warning"; "info" for a number that is none of ours.
constexpr const char* toString(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "info";
}

}  // namespace bulkhead
