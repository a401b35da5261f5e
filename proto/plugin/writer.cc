#include "proto/plugin/writer.h"

#include <string>

namespace bulkhead::plugin {
namespace {

// A comment with its trigraphs broken: "??/" at a line's end would continue the comment in some dialects of C++, and
// warns in all others.
std::string withoutTrigraphs(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool isThird = std::string_view("=/'()!<>-").find(c) != std::string_view::npos;
    if (isThird && result.ends_with("??")) result.insert(result.size() - 1, 1, ' ');
    result += c;
  }
  return result;
}

}  // namespace

Writer& Writer::line(std::initializer_list<std::string_view> parts) {
  std::string line;
  for (std::string_view part : parts) line += part;
  if (!line.empty()) text_.append(static_cast<std::size_t>(indent_), ' ').append(line);
  text_ += '\n';
  return *this;
}

Writer& Writer::open(std::initializer_list<std::string_view> parts, int step) {
  line(parts);
  indent_ += step;
  return *this;
}

Writer& Writer::close(std::string_view text, int step) {
  indent_ -= step;
  return line({text});
}

Writer& Writer::label(std::string_view text) {
  indent_ -= 1;
  line({text});
  indent_ += 1;
  return *this;
}

Writer& Writer::doc(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view first = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    while (!first.empty() && (first.back() == ' ' || first.back() == '\r' || first.back() == '\\'))
      first.remove_suffix(1);
    line({first.empty() ? "//" : "// ", withoutTrigraphs(first)});
  }
  return *this;
}

}  // namespace bulkhead::plugin
