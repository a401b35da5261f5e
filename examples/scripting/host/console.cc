#include "console.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace {

constexpr std::size_t kColumns = 98;
constexpr std::size_t kIndent = 13;  // below the text of a step
constexpr std::size_t kLabel = 13;

const Clock::time_point kStart = Clock::now();

// The length of the next line of `text`: up to a newline, or to the last space that fits into `width`.
std::size_t lineLength(std::string_view text, std::size_t width) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  if (end <= width) return end;
  const std::size_t space = text.rfind(' ', width);
  return space == std::string_view::npos || space == 0 ? width : space;
}

void print(std::size_t indent, std::string text) {
  for (std::size_t at = 0; (at = text.find('\t', at)) != std::string::npos;) text.replace(at, 1, "  ");
  std::printf("%*s%s\n", static_cast<int>(indent), "", text.c_str());
}

}  // namespace

double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void title(const std::string& text) { std::printf("\n%s\n%s\n", text.c_str(), std::string(text.size(), '-').c_str()); }

void step(const std::string& text) { std::printf("[%7.2f s] %s\n", millisecondsSince(kStart) / 1000, text.c_str()); }

void detail(std::string_view label, std::string_view text) {
  std::string first(label);
  first.resize(std::max(first.size() + 1, kLabel), ' ');
  if (label.empty()) first.clear();
  std::size_t indent = kIndent;
  const std::size_t later = kIndent + first.size();
  do {
    const std::size_t length = lineLength(text, kColumns - later);
    print(indent, first + std::string(text.substr(0, length)));
    text.remove_prefix(std::min(length + 1, text.size()));
    first.clear();
    indent = later;
  } while (!text.empty());
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string format(const char* pattern, ...) {
  char buffer[512];
  std::va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(buffer, sizeof buffer, pattern, arguments);
  va_end(arguments);
  return buffer;
}

bool Verdict::expect(bool isTrue, const std::string& promise) {
  ++checks_;
  if (!isTrue) {
    broken_.push_back(promise);
    detail("NOT AS EXPECTED:", promise);
  }
  return isTrue;
}
