#include "host/generic/json_text.h"

#include "host/generic/fault.h"

#include <bulkhead/detail/printable.h>

#include <capnp/message.h>
#include <capnp/orphan.h>
#include <kj/vector.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace bulkhead::generic {
namespace {

using capnp::json::Value;

constexpr std::size_t kShownBytes = 40;

bool isDigit(char c) noexcept { return c >= '0' && c <= '9'; }

capnp::Text::Reader asText(const std::string& text) { return {text.c_str(), text.size()}; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  void parseWhole(Value::Builder out) {
    parseValue(out);
    skipSpace();
    if (!atEnd()) fail("nothing may follow the value");
  }

 private:
  bool atEnd() const noexcept { return at_ == text_.size(); }
  char peek() const noexcept { return atEnd() ? '\0' : text_[at_]; }

  [[noreturn]] void failAt(std::size_t at, const std::string& what) const {
    const std::string_view before = text_.substr(0, at);
    const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const std::size_t start = line == 1 ? 0 : before.rfind('\n') + 1;
    throw Fault("line " + std::to_string(line) + ", column " + std::to_string(at - start + 1) + ": " + what);
  }
  [[noreturn]] void fail(const std::string& what) const {
    if (atEnd()) failAt(at_, what + ", and the text ends here");
    const std::size_t length = std::max<std::size_t>(detail::utf8Length(text_.substr(at_)), 1);
    failAt(at_, what + ", not '" + detail::printable(text_.substr(at_, length), 8) + "'");
  }
  void skipSpace() noexcept {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
  }
  bool take(char c) noexcept {
    if (atEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void parseValue(Value::Builder out) {
    skipSpace();
    switch (peek()) {
      case '{': return parseObject(out);
      case '[': return parseArray(out);
      case '"': return out.setString(asText(parseString()));
      case 't': return parseWord("true"), out.setBoolean(true);
      case 'f': return parseWord("false"), out.setBoolean(false);
      case 'n': return parseWord("null"), out.setNull();
      default: break;
    }
    if (peek() != '-' && !isDigit(peek())) fail("a value is expected");
    out.setNumber(parseNumber());
  }

  void parseWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) fail("a value is expected (text stands in double quotes)");
    at_ += word.size();
  }

  void digits() {
    if (!isDigit(peek())) fail("a digit is expected");
    while (isDigit(peek())) ++at_;
  }

  double parseNumber() {
    const std::size_t start = at_;
    take('-');
    if (!take('0')) digits();
    if (isDigit(peek())) failAt(start, "a number may not start with 0");
    if (take('.')) digits();
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      digits();
    }
    double number = 0;
    const auto [end, error] = std::from_chars(text_.data() + start, text_.data() + at_, number);
    if (error != std::errc() || end != text_.data() + at_) failAt(start, "this number is out of range");
    return number;
  }

  std::string parseString() {
    const std::size_t start = at_;
    if (!take('"')) fail("a name in double quotes is expected");
    std::string text;
    while (!take('"')) {
      if (atEnd()) failAt(start, "this text does not end");
      if (take('\\')) {
        parseEscape(text);
        continue;
      }
      const std::size_t length = detail::utf8Length(text_.substr(at_));
      if (length == 0) failAt(at_, "invalid UTF-8");
      if (static_cast<unsigned char>(peek()) < 0x20) failAt(at_, "a control character in text must be escaped");
      text.append(text_.substr(at_, length));
      at_ += length;
    }
    return text;
  }

  void parseEscape(std::string& text) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t known = atEnd() ? std::string_view::npos : kNames.find(peek());
    if (known != std::string_view::npos) {
      text.push_back(kMeanings[known]);
      ++at_;
    } else if (take('u')) {
      parseCodePoint(text);
    } else {
      fail("one of \"\\/bfnrtu is expected after a backslash");
    }
  }

  std::uint32_t parseHex() {
    const char* const start = text_.data() + at_;
    const char* const limit = start + std::min<std::size_t>(4, text_.size() - at_);
    std::uint32_t unit = 0;
    const auto [end, error] = std::from_chars(start, limit, unit, 16);
    if (error != std::errc() || end != start + 4) fail("four hexadecimal digits are expected after \\u");
    at_ += 4;
    return unit;
  }

  void parseCodePoint(std::string& text) {
    const std::size_t start = at_ - 2;
    std::uint32_t point = parseHex();
    if (point >= 0xD800 && point < 0xE000) {
      const bool isPair = point < 0xDC00 && take('\\') && take('u');
      const std::uint32_t low = isPair ? parseHex() : 0;
      if (low < 0xDC00 || low >= 0xE000) failAt(start, "half of a surrogate pair");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    appendUtf8(text, point);
  }

  static void appendUtf8(std::string& text, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
    const auto rest = [&](unsigned shift) { put(0x80u | ((point >> shift) & 0x3Fu)); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0u | (point >> 6)), rest(0);
    } else if (point < 0x10000) {
      put(0xE0u | (point >> 12)), rest(6), rest(0);
    } else {
      put(0xF0u | (point >> 18)), rest(12), rest(6), rest(0);
    }
  }

  void enter() {
    if (++depth_ > kMaxJsonDepth) {
      failAt(at_, "nested too deeply: at most " + std::to_string(kMaxJsonDepth) + " objects and arrays in one another");
    }
    ++at_;
  }

  // Runs `item` for each of the items up to `closing`.
  template <class F>
  void parseItems(char closing, F&& item) {
    enter();
    skipSpace();
    if (!take(closing)) {
      do {
        skipSpace();
        item();
        skipSpace();
      } while (take(','));
      if (!take(closing)) fail(std::string("',' or '") + closing + "' is expected");
    }
    --depth_;
  }

  void parseArray(Value::Builder out) {
    kj::Vector<capnp::Orphan<Value>> items;
    const auto orphanage = capnp::Orphanage::getForMessageContaining(out);
    parseItems(']', [&] {
      items.add(orphanage.newOrphan<Value>());
      parseValue(items.back().get());
    });
    auto array = out.initArray(static_cast<unsigned>(items.size()));
    for (unsigned i = 0; i < array.size(); ++i) array.adoptWithCaveats(i, kj::mv(items[i]));
  }

  void parseObject(Value::Builder out) {
    kj::Vector<capnp::Orphan<Value::Field>> fields;
    const auto orphanage = capnp::Orphanage::getForMessageContaining(out);
    parseItems('}', [&] {
      fields.add(orphanage.newOrphan<Value::Field>());
      auto field = fields.back().get();
      field.setName(asText(parseString()));
      skipSpace();
      if (!take(':')) fail("':' is expected after a name");
      parseValue(field.initValue());
    });
    auto object = out.initObject(static_cast<unsigned>(fields.size()));
    for (unsigned i = 0; i < object.size(); ++i) object.adoptWithCaveats(i, kj::mv(fields[i]));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

void parseJson(std::string_view text, Value::Builder out) { Parser(text).parseWhole(out); }

std::string cleanJson(std::string_view json) {
  std::string clean;
  clean.reserve(json.size());
  while (!json.empty()) {
    const std::size_t length = detail::utf8Length(json);
    const std::string_view sequence = json.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0) {
      clean.append(detail::kUtf8Replacement);
    } else if (sequence[0] == '\t' || (sequence[0] != '\n' && detail::isControlCharacter(sequence))) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x",
                    static_cast<unsigned>(static_cast<unsigned char>(sequence.back())));
      clean.append(escape);
    } else {
      clean.append(sequence);
    }
    json.remove_prefix(sequence.size());
  }
  return clean;
}

std::string describe(Value::Reader value) {
  switch (value.which()) {
    case Value::NULL_: return "null";
    case Value::BOOLEAN: return value.getBoolean() ? "true" : "false";
    case Value::NUMBER: {
      char number[32];
      std::snprintf(number, sizeof number, "%.17g", value.getNumber());
      return std::string("number ") + number;
    }
    case Value::STRING:
      return "text \"" + detail::printable({value.getString().begin(), value.getString().size()}, kShownBytes) + "\"";
    case Value::ARRAY: return "an array";
    case Value::OBJECT: return "an object";
    default: return "something else";
  }
}

}  // namespace bulkhead::generic
