#include "host/isolated/line_reader.h"

#include <algorithm>
#include <utility>

namespace bulkhead::isolated {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::int64_t kSecond = 1'000'000'000;

bool isContinuation(unsigned char byte) noexcept { return (byte & 0xC0u) == 0x80u; }

// Length of the valid UTF-8 sequence at the start, or 0. By the table of Unicode 15, section 3.9.
std::size_t sequenceLength(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : (first & 0xF0u) == 0xE0u       ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!isContinuation(at(i))) return 0;
  }
  const unsigned char second = at(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : length;
}

bool isControl(std::string_view sequence) noexcept {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return (first < 0x20 && first != '\t') || first == 0x7F;
  return sequence.size() == 2 && first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;  // C1 controls
}

}  // namespace

std::string printable(std::string_view text, std::size_t maxBytes) {
  std::string clean;
  clean.reserve(std::min(text.size(), maxBytes));
  while (!text.empty()) {
    const std::size_t length = sequenceLength(text);
    const bool good = length != 0 && !isControl(text.substr(0, length));
    const std::string_view piece = good ? text.substr(0, length) : kReplacement;
    if (clean.size() + piece.size() > maxBytes) return clean.append("...");
    clean.append(piece);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

bool LineBudget::take(std::int64_t now) noexcept {
  if (now - windowStart_ >= kSecond) {
    windowStart_ = now;
    inWindow_ = 0;
  }
  if (inWindow_ < kLinesPerSecond) {
    ++inWindow_;
    return true;
  }
  ++lost_;
  return false;
}

std::uint64_t LineBudget::takeLost() noexcept { return std::exchange(lost_, 0); }

void LineReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    const std::string_view part = bytes.substr(0, newline);
    const std::size_t room = kMaxLineBytes + 1 - std::min(pending_.size(), kMaxLineBytes + 1);
    pending_.append(part.substr(0, room));
    if (newline == std::string_view::npos) return;
    emit();
    bytes.remove_prefix(newline + 1);
  }
}

void LineReader::finish() {
  if (!pending_.empty()) emit();
}

void LineReader::emit() {
  sink_(printable(pending_, kMaxLineBytes));
  pending_.clear();
}

}  // namespace bulkhead::isolated
