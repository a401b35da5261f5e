#include "proto/plugin/literals.h"

#include <bit>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <limits>

namespace bulkhead::plugin {
namespace {

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  std::string literal = text;
  if (literal.find_first_of(".e") == std::string::npos) literal += ".0";
  return literal;
}

}  // namespace

std::string integerLiteral(std::uint64_t bits, bool isSigned) {
  if (!isSigned) return std::to_string(bits) + "u";
  const auto value = static_cast<std::int64_t>(bits);
  // There is no literal for the lowest one.
  if (value == std::numeric_limits<std::int64_t>::min()) return "-9223372036854775807 - 1";
  return std::to_string(value);
}

std::string floatLiteral(std::uint64_t bits, bool isDouble) {
  const double value = isDouble ? std::bit_cast<double>(bits) : std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  if (std::isfinite(value)) return isDouble ? formatted("%.17g", value) : formatted("%.9g", value) + "f";
  return std::string(std::signbit(value) ? "-" : "") + "std::numeric_limits<" + (isDouble ? "double" : "float") +
         ">::" + (std::isnan(value) ? "quiet_NaN()" : "infinity()");
}

std::string scalarLiteral(Kind kind, std::uint64_t bits) {
  switch (kind) {
    case Kind::boolean: return bits != 0 ? "true" : "false";
    case Kind::int8: return integerLiteral(static_cast<std::uint64_t>(static_cast<std::int8_t>(bits)), true);
    case Kind::int16: return integerLiteral(static_cast<std::uint64_t>(static_cast<std::int16_t>(bits)), true);
    case Kind::int32: return integerLiteral(static_cast<std::uint64_t>(static_cast<std::int32_t>(bits)), true);
    case Kind::int64: return integerLiteral(bits, true);
    case Kind::float32: return floatLiteral(bits, false);
    case Kind::float64: return floatLiteral(bits, true);
    default: return integerLiteral(bits, false);
  }
}

std::string bytesLiteral(const std::string& bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '?') {
      text += c;
    } else {  // octal ends after three digits, whatever follows; '?' could start a trigraph
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\%03o", static_cast<unsigned>(byte));
      text += escaped;
    }
  }
  return text + "\", " + std::to_string(bytes.size());
}

std::string upperName(const std::string& name) {
  std::string upper;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !upper.empty()) upper += '_';
    upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return upper;
}

}  // namespace bulkhead::plugin
