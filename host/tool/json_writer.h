// JSON, indented, for the command's own reports.
#pragma once

#include <bulkhead/detail/printable.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace bulkhead::tool {

// Members and elements in the order they are written; an empty name makes an element.
class JsonWriter {
 public:
  void open(std::string_view name, char bracket) {
    start(name);
    text_.push_back(bracket);
    ++depth_;
    first_ = true;
  }
  void close(char bracket) {
    --depth_;
    if (!first_) newLine();
    first_ = false;
    text_.push_back(bracket);
  }
  void text(std::string_view name, std::string_view value) {
    start(name);
    quote(value);
  }
  void number(std::string_view name, std::uint64_t value) {
    start(name);
    text_.append(std::to_string(value));
  }
  void boolean(std::string_view name, bool value) {
    start(name);
    text_.append(value ? "true" : "false");
  }
  const std::string& result() const noexcept { return text_; }

 private:
  void newLine() { text_.append("\n").append(2 * depth_, ' '); }
  void start(std::string_view name) {
    if (!first_) text_.push_back(',');
    first_ = false;
    if (!text_.empty()) newLine();
    if (name.empty()) return;
    quote(name);
    text_.append(": ");
  }
  void quote(std::string_view value) {
    text_.push_back('"');
    for (const char c : detail::printable(value, std::numeric_limits<std::size_t>::max())) {
      if (c == '"' || c == '\\') text_.push_back('\\');
      c == '\t' ? text_.append("\\t") : text_.append(1, c);
    }
    text_.push_back('"');
  }

  std::string text_;
  std::size_t depth_ = 0;
  bool first_ = true;
};

}  // namespace bulkhead::tool
