// Builds one text of generated code, indented as it nests.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace bulkhead::plugin {

class Writer {
 public:
  // One line at the current indentation: the parts, joined. Without parts: an empty line.
  Writer& line(std::initializer_list<std::string_view> parts = {});
  Writer& line(std::string_view text) { return line({text}); }
  // A line that opens a block: what follows is indented by `step` until close().
  Writer& open(std::initializer_list<std::string_view> parts, int step = 2);
  Writer& close(std::string_view text = "}", int step = 2);
  // "public:", a step outside of what surrounds it.
  Writer& label(std::string_view text);
  // A schema comment, as C++ comment lines.
  Writer& doc(std::string_view text);

  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  int indent_ = 0;
};

}  // namespace bulkhead::plugin
