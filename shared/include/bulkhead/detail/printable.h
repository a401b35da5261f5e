// Text of unknown origin for logs and terminals.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::detail {

inline bool isUtf8Continuation(unsigned char byte) noexcept { return (byte & 0xC0u) == 0x80u; }

// Length of the valid UTF-8 sequence at the start, or 0. By the table of Unicode 15, section 3.9.
inline std::size_t utf8Length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : (first & 0xF0u) == 0xE0u       ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!isUtf8Continuation(at(i))) return 0;
  }
  const unsigned char second = at(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : length;
}

inline bool isControlCharacter(std::string_view sequence) noexcept {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return (first < 0x20 && first != '\t') || first == 0x7F;
  return sequence.size() == 2 && first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;  // C1 controls
}

// A copy that is valid UTF-8 without control characters (tabs stay): what is neither becomes U+FFFD. Of at most
// `maxBytes` bytes, and "..." behind where something was cut. Throws std::bad_alloc.
inline std::string printable(std::string_view text, std::size_t maxBytes) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string clean;
  clean.reserve(std::min(text.size(), maxBytes));
  while (!text.empty()) {
    const std::size_t length = utf8Length(text);
    const bool good = length != 0 && !isControlCharacter(text.substr(0, length));
    const std::string_view piece = good ? text.substr(0, length) : kReplacement;
    if (clean.size() + piece.size() > maxBytes) return clean.append("...");
    clean.append(piece);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

}  // namespace bulkhead::detail
