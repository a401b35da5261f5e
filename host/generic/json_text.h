// JSON text to Cap'n Proto's JsonValue, and JSON text made fit to be shown.
#pragma once

#include <capnp/compat/json.capnp.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::generic {

inline constexpr std::size_t kMaxJsonDepth = 60;  // of objects and arrays; messages may nest 64 deep

// Parses one JSON value, by RFC 8259 to the letter. Throws Fault with line and column, std::bad_alloc. Own instead of
// capnp's parser, which says not where it stopped and in 0.9.2 garbles \u escapes beyond ASCII.
void parseJson(std::string_view text, capnp::json::Value::Builder out);

// JSON text in valid UTF-8 without DEL and C1 characters, as capnp's encoder lets them through: escaped, what is
// invalid replaced by U+FFFD.
std::string cleanJson(std::string_view json);

// "text "abc"", "number 7", "an object": for messages, without control characters.
std::string describe(capnp::json::Value::Reader value);

}  // namespace bulkhead::generic
