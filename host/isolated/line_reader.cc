#include "host/isolated/line_reader.h"

#include <algorithm>
#include <utility>

namespace bulkhead::isolated {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

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
