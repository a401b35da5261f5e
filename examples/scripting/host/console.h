// What the example prints: steps with the time since the start, indented and wrapped details, and what went wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point start);

void title(const std::string& text);

// "[  1.25 s] text", at once: the reader sees what is under way. From any thread.
void step(const std::string& text);

// Text below a step: wrapped at 100 columns, later lines of a paragraph indented further.
void detail(std::string_view label, std::string_view text);

// "35,149"
std::string grouped(std::uint64_t number);
// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// What the example promises to show. A false one is printed, remembered and returned.
class Verdict {
 public:
  bool expect(bool isTrue, const std::string& promise);
  int checks() const { return checks_; }
  const std::vector<std::string>& broken() const { return broken_; }

 private:
  int checks_ = 0;
  std::vector<std::string> broken_;
};
