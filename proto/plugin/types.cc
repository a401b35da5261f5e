#include "proto/plugin/types.h"

#include "proto/plugin/literals.h"

#include <cctype>

namespace bulkhead::plugin {
namespace {

const std::string kDetail = "bulkhead::detail::";

// The parts of spelling that numbers differ in.
struct Number {
  const char* type;   // in C and C++
  const char* brief;  // in the manifest's C signature
};
Number number(Kind kind) {
  switch (kind) {
    case Kind::boolean: return {"std::uint8_t", "bool"};
    case Kind::int8: return {"std::int8_t", "i8"};
    case Kind::int16: return {"std::int16_t", "i16"};
    case Kind::int32: return {"std::int32_t", "i32"};
    case Kind::int64: return {"std::int64_t", "i64"};
    case Kind::uint8: return {"std::uint8_t", "u8"};
    case Kind::uint16: return {"std::uint16_t", "u16"};
    case Kind::uint32: return {"std::uint32_t", "u32"};
    case Kind::uint64: return {"std::uint64_t", "u64"};
    case Kind::float32: return {"float", "f32"};
    case Kind::float64: return {"double", "f64"};
    case Kind::enumeration: return {"std::uint16_t", "enum"};
    case Kind::text: return {"", "text"};
    case Kind::data: return {"", "data"};
    default: return {"", ""};
  }
}

Type elementOf(const Type& list) {
  Type element = list;
  element.kind = list.element;
  return element;
}

bool isViewList(const Type& type) {
  return type.kind == Kind::list && (type.element == Kind::text || type.element == Kind::data);
}

// "Text", "List<std::int32_t>", "BoolList": the stem of the helpers' names.
std::string helper(const Type& type, bool ofC) {
  switch (type.kind) {
    case Kind::text: return "Text";
    case Kind::data: return "Data";
    case Kind::list: break;
    default: return {};
  }
  switch (type.element) {
    case Kind::boolean: return "BoolList";
    case Kind::text: return "TextList";
    case Kind::data: return "DataList";
    default: return "List<" + (ofC ? cValue(elementOf(type)) : cppParam(elementOf(type))) + ">";
  }
}

// "List" + "Sink" + "<std::int32_t>".
std::string helperClass(const Type& type, const std::string& suffix, bool ofC) {
  std::string name = helper(type, ofC);
  const std::size_t at = std::min(name.find('<'), name.size());
  return name.insert(at, suffix);
}

// "text", "list<std::int32_t>", "boolList".
std::string helperFunction(const Type& type, const std::string& suffix = {}) {
  std::string name = helperClass(type, suffix, true);
  name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  return name;
}

std::string accessor(const Field& field, const std::string& verb) { return verb + capitalized(field.name); }

// A scalar as it is in the message, or back.
std::string masked(const Field& field, const std::string& value) {
  return kDetail + "masked<" + cValue(field.type) + ">(" + value + ", " + integerLiteral(field.whenAbsent.bits, false) +
         ")";
}

}  // namespace

std::string capitalized(std::string name) {
  if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return name;
}

bool isScalar(const Type& type) { return type.kind < Kind::text; }
bool isCapnpClass(const Type& type) { return type.kind >= Kind::structure; }

std::string cppParam(const Type& type) {
  switch (type.kind) {
    case Kind::boolean: return "bool";
    case Kind::enumeration: return type.name;
    case Kind::text: return "std::string_view";
    case Kind::data: return "std::span<const std::byte>";
    case Kind::list: return "std::span<const " + cppParam(elementOf(type)) + ">";
    case Kind::structure:
    case Kind::compound:
    case Kind::anyPointer: return type.name + "::Reader";
    default: return number(type.kind).type;
  }
}

std::string cppResult(const Type& type) {
  switch (type.kind) {
    case Kind::text: return "std::string";
    case Kind::data: return "std::vector<std::byte>";
    case Kind::list: return "std::vector<" + cppResult(elementOf(type)) + ">";
    case Kind::structure: return "bulkhead::Owned<" + type.name + ">";
    default: return cppParam(type);
  }
}

std::string cppResult(const Method& method) {
  if (method.results.isWhole) return "bulkhead::Owned<" + method.results.capnpName + ">";
  if (method.results.list.empty()) return "void";
  return method.resultClass.empty() ? cppResult(method.results.list.front().type) : method.resultClass;
}

std::string cValue(const Type& type) { return isScalar(type) ? number(type.kind).type : "BulkheadBytes"; }
std::string cResult(const Type& type) { return isScalar(type) ? cValue(type) + "*" : "const BulkheadSink*"; }

std::string toC(const Type& type, const std::string& value) {
  switch (type.kind) {
    case Kind::boolean:
    case Kind::enumeration: return "static_cast<" + cValue(type) + ">(" + value + ")";
    case Kind::text:
    case Kind::data: return kDetail + "view(" + value + ")";
    case Kind::list:
      return isViewList(type) ? kDetail + "ViewList(" + value + ").bytes()" : kDetail + "listView(" + value + ")";
    default: return value;
  }
}

std::string resultToC(const Type& type, const std::string& value) {
  const bool bools = type.kind == Kind::list && type.element == Kind::boolean;
  return bools ? kDetail + "BoolBytes(" + value + ").bytes()" : toC(type, value);
}

std::string fromC(const Type& type, const std::string& value) {
  switch (type.kind) {
    case Kind::boolean: return value + " != 0";
    case Kind::enumeration: return "static_cast<" + type.name + ">(" + value + ")";
    case Kind::text: return kDetail + "toText(" + value + ")";
    case Kind::data: return kDetail + "toData(" + value + ")";
    case Kind::list:
      if (type.element == Kind::text) return kDetail + "toTexts(" + value + ")";
      if (type.element == Kind::data) return kDetail + "toDatas(" + value + ")";
      return kDetail + "toList<" + cppParam(elementOf(type)) + ">(" + value + ")";
    default: return value;
  }
}

std::string sinkClass(const Type& type) { return kDetail + helperClass(type, "Sink", false); }
std::string replyClass(const Type& type) { return kDetail + helperClass(type, "Reply", true); }

std::string wordsOf(const Field& field, const std::string& value) {
  if (isScalar(field.type)) return {};
  if (field.type.kind == Kind::text && field.whenAbsent.isSet) return kDetail + "keptTextWords(" + value + ")";
  return kDetail + helperFunction(field.type, "Words") + "(" + value + ")";
}

std::string writeCall(const Field& field, const std::string& value) {
  const std::string offset = std::to_string(field.offset);
  const std::uint64_t mask = field.whenAbsent.bits;
  if (field.type.kind == Kind::boolean) {
    return "setBool(" + offset + ", " + (mask == 0 ? value : value + " == 0") + ")";
  }
  if (isScalar(field.type)) {
    const std::string bits = mask == 0 ? value : masked(field, value);
    return "set<" + cValue(field.type) + ">(" + offset + ", " + bits + ")";
  }
  const std::string keep = field.whenAbsent.isSet ? "kept()." : "";
  return keep + helperFunction(field.type) + "(" + offset + ", " + value + ")";
}

std::string readCall(const Field& field, const std::string& reader) {
  const std::string place = "(" + std::to_string(field.offset) + ")";
  const bool isPlain = field.whenAbsent.bits == 0;
  if (field.type.kind == Kind::boolean) {
    const std::string bit = reader + ".getBool" + place;
    return isPlain ? bit : "static_cast<std::uint8_t>(" + bit + " == 0)";
  }
  if (!isScalar(field.type)) return reader + "." + helperFunction(field.type) + place;
  const std::string value = reader + ".get<" + cValue(field.type) + ">" + place;
  return isPlain ? value : masked(field, value);
}

std::string defaultArray(const Field& field, const std::string& array) {
  if (!field.whenAbsent.isSet || field.type.kind != Kind::list) return {};
  std::string items;
  for (const std::string& item : field.whenAbsent.items) items += (items.empty() ? "" : ", ") + item;
  const std::string element = isViewList(field.type) ? "BulkheadBytes" : cValue(elementOf(field.type));
  return "static constexpr " + element + " " + array + "[] = {" + items + "};";
}

std::string defaultView(const Field& field, const std::string& array) {
  const auto& items = field.whenAbsent.items;
  if (field.type.kind == Kind::list) return "BulkheadBytes{" + array + ", " + std::to_string(items.size()) + "}";
  return "BulkheadBytes{" + bytesLiteral(items.front()) + "}";
}

std::string capnpSetter(const Field& field, const std::string& builder, const std::string& value) {
  if (field.type.kind == Kind::anyPointer) return builder + "." + accessor(field, "get") + "().set(" + value + ");";
  const bool isSet = isScalar(field.type) || isCapnpClass(field.type);
  if (isSet) return builder + "." + accessor(field, "set") + "(" + value + ");";
  return kDetail + "fill(" + builder + "." + accessor(field, "init") + "(" + kDetail + "sizeOf(" + value + ")), " +
         value + ");";
}

std::string capnpWords(const Field& field, const std::string& value) {
  if (!isCapnpClass(field.type)) return {};
  return value + (field.type.kind == Kind::anyPointer ? ".targetSize()" : ".totalSize()") + ".wordCount";
}

std::string capnpGetter(const Field& field, const std::string& reader) {
  std::string value = reader + "." + accessor(field, "get") + "()";
  switch (field.type.kind) {
    case Kind::text: return kDetail + "textOf(" + value + ")";
    case Kind::data: return kDetail + "dataOf(" + value + ")";
    case Kind::list:
      if (field.type.element == Kind::boolean) return kDetail + "BoolArray(" + value + ").span()";
      if (field.type.element == Kind::text) return kDetail + "textsOf(" + value + ")";
      if (field.type.element == Kind::data) return kDetail + "datasOf(" + value + ")";
      return kDetail + "listOf<" + cppParam(elementOf(field.type)) + ">(" + value + ")";
    default: return value;
  }
}

std::string capnpResult(const Field& field, const std::string& reader) {
  std::string value = reader + "." + accessor(field, "get") + "()";
  if (isScalar(field.type)) return value;
  return kDetail + "copyOf<" + cppResult(field.type) + ">(" + value + ")";
}

std::string signature(const Method& method) {
  return method.name + (method.params.isNamed ? " " : "") + method.params.shown + " -> " + method.results.shown;
}

std::string cSignature(const Method& method) {
  if (method.isMessage) return "message";
  const auto list = [](const Fields& fields) {
    std::string text = "(";
    for (const Field& field : fields.list) {
      if (text.size() > 1) text += ", ";
      const bool isList = field.type.kind == Kind::list;
      text += isList ? "[" : "";
      text += number(isList ? field.type.element : field.type.kind).brief;
      text += isList ? "]" : "";
    }
    return text + ")";
  };
  return list(method.params) + " -> " + list(method.results);
}

}  // namespace bulkhead::plugin
