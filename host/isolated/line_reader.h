// From what a module writes to lines for the host's sink: bounded, printable, rate-limited.
#pragma once

#include <bulkhead/detail/printable.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace bulkhead::isolated {

using detail::printable;

// Counts the lines of one module and drops what is over the limit. Times from shared/clock.h; not thread-safe.
class LineBudget {
 public:
  static constexpr std::uint32_t kLinesPerSecond = 2000;

  // Whether one more line may pass at this time.
  bool take(std::int64_t now) noexcept;
  // Lines dropped since the last call of this.
  std::uint64_t takeLost() noexcept;

 private:
  std::int64_t windowStart_ = 0;
  std::uint32_t inWindow_ = 0;
  std::uint64_t lost_ = 0;
};

// Splits a stream into lines. Holds at most one line's worth of bytes.
class LineReader {
 public:
  static constexpr std::size_t kMaxLineBytes = 4096;
  using Sink = std::function<void(std::string_view line)>;

  explicit LineReader(Sink sink) : sink_(std::move(sink)) {}
  void feed(std::string_view bytes);
  // What is left without a newline.
  void finish();

 private:
  void emit();

  Sink sink_;
  std::string pending_;
};

}  // namespace bulkhead::isolated
