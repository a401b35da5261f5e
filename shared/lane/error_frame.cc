#include "shared/lane/error_frame.h"

#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <algorithm>

namespace bulkhead::lane {
namespace {

std::string_view cut(std::string_view text) noexcept { return text.substr(0, detail::kMaxErrorText); }

}  // namespace

std::uint64_t errorWords(const FrameError& error) noexcept {
  return 1 + 1 + 2 + detail::textWords(detail::view(cut(error.type))) +
         detail::textWords(detail::view(cut(error.text)));
}

void encodeError(const FrameError& error, std::uint64_t* words) noexcept {
  detail::WordWriter writer(words);
  writer.root(1, 2);
  writer.set<std::uint32_t>(0, error.kind);
  writer.text(0, detail::view(cut(error.type)));
  writer.text(1, detail::view(cut(error.text)));
}

FrameError decodeError(BulkheadBytes words) {
  detail::WordReader reader(words);
  FrameError error;
  error.kind = reader.get<std::uint32_t>(0);
  error.type = std::string(cut(detail::toText(reader.text(0))));
  error.text = std::string(cut(detail::toText(reader.text(1))));
  if (reader.fault() != nullptr) error.text = std::string("a malformed error: ") + reader.fault();
  return error;
}

FrameError toFrameError(const Error& error) {
  return {static_cast<std::uint32_t>(error.kind()), error.type(), error.text()};
}

FrameError toFrameError(const BulkheadErrorView& view) {
  return {view.kind, std::string(cut(detail::toText(view.type))), std::string(cut(detail::toText(view.text)))};
}

}  // namespace bulkhead::lane
