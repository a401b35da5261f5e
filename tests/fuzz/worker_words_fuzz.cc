// What a worker says beside its frames, read as the host reads it: control messages, error frames, the messages of
// direct methods, lines of output. The first byte chooses. Each ends in a value or an error, within its caps.
#include "host/isolated/line_reader.h"
#include "shared/control/messages.h"
#include "shared/lane/error_frame.h"

#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/word_reader.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace bulkhead;  // NOLINT

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// Touches every byte, so that a view beyond its message is found.
void read(BulkheadBytes view, std::uint64_t elementBytes = 1) {
  const auto* const bytes = static_cast<const volatile char*>(view.data);
  for (std::uint64_t i = 0; i < view.size * elementBytes; ++i) static_cast<void>(bytes[i]);
}
void readAll(BulkheadBytes list) {
  for (std::uint64_t i = 0; i < list.size; ++i) read(static_cast<const BulkheadBytes*>(list.data)[i]);
}

void readMessage(const std::vector<std::uint64_t>& words) {
  detail::WordReader reader({words.data(), words.size()});
  static_cast<void>(reader.get<std::uint64_t>(0));
  static_cast<void>(reader.getBool(77));
  read(reader.text(0));
  read(reader.data(1));
  read(reader.list<std::uint32_t>(2), 4);
  read(reader.boolList(3));
  readAll(reader.textList(4));
  readAll(reader.dataList(5));
  read(reader.list<double>(6), 8);
}

void readControl(const std::vector<std::uint64_t>& words) {
  const auto message = control::decodeToHost(words);
  if (!message) return require(message.error().kind() == ErrorKind::protocolViolation);
  if (const auto* log = std::get_if<control::Log>(&*message)) require(log->line.size() <= control::kMaxLogLineBytes);
  if (const auto* done = std::get_if<control::LockedDown>(&*message)) {
    require(done->steps.size() <= control::kMaxLockdownSteps && done->tier <= Tier::cgroup);
  }
  // What was accepted can be said again.
  require(control::encode(*message).hasValue());
}

void readLines(std::string_view text) {
  isolated::LineReader reader([](std::string_view line) {
    require(line.size() <= isolated::LineReader::kMaxLineBytes + 3);
    require(std::none_of(line.begin(), line.end(), [](char byte) {
      const auto value = static_cast<unsigned char>(byte);
      return (value < 0x20 && byte != '\t') || value == 0x7f;
    }));
    // It is valid UTF-8 without control characters: nothing is left to mend.
    require(isolated::printable(line, line.size()) == line);
  });
  const std::size_t half = text.size() / 2;
  reader.feed(text.substr(0, half));
  reader.feed(text.substr(half));
  reader.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // A copy of its own size: a read beyond it is found.
  std::vector<std::uint64_t> words(bytes.size() / 8);
  if (!words.empty()) std::memcpy(words.data(), bytes.data(), words.size() * 8);
  switch (data[0] % 4) {
    case 0: readControl(words); break;
    case 1: {
      const auto error = lane::decodeError({words.data(), words.size()});
      require(error.text.size() <= detail::kMaxErrorText && error.type.size() <= detail::kMaxErrorText);
      break;
    }
    case 2: readMessage(words); break;
    default: readLines(bytes);
  }
  return 0;
}
