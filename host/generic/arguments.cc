#include "host/generic/arguments.h"

#include "host/generic/fault.h"
#include "host/generic/json_text.h"

#include <bulkhead/detail/printable.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <string_view>

namespace bulkhead::generic {
namespace {

using capnp::json::Value;
using Which = capnp::schema::Type::Which;

constexpr std::size_t kShownNames = 32;
constexpr double kExactLimit = 9007199254740992.0;  // 2^53: beyond it a JSON number is not exact

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }
std::string shown(std::string_view text) { return detail::printable(text, 60); }

// Adds a step to the place where a value stands, for as long as it is looked at.
class Step {
 public:
  Step(std::string& place, const std::string& step) : place_(place), size_(place.size()) { place_.append(step); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  ~Step() { place_.resize(size_); }

 private:
  std::string& place_;
  const std::size_t size_;
};

class Checker {
 public:
  void checkStruct(Value::Reader value, capnp::StructSchema type) {
    if (!value.isObject()) misfit("an object is expected", value);
    std::set<std::string_view> given;
    std::string chosen;  // of the union
    for (const auto member : value.getObject()) {
      const std::string_view name = view(member.getName());
      const Step step(place_, (place_.empty() ? "" : ".") + shown(name));
      if (!given.insert(name).second) fail("given twice");
      KJ_IF_MAYBE (field, type.findFieldByName(member.getName())) {
        if (field->getProto().getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT) {
          if (!chosen.empty()) fail("excludes " + chosen + ": of a union one member is given");
          chosen = shown(name);
        }
        check(member.getValue(), typeOf(*field));
      } else {
        fail("there is no such field; " + namesOf("there are", type.getFields()));
      }
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Fault((place_.empty() ? "" : place_ + ": ") + what); }
  [[noreturn]] void misfit(const std::string& expected, Value::Reader value) const {
    fail(expected + ", not " + describe(value));
  }

  // A type parameter is always a pointer; a module file that says otherwise would have us write beyond the struct.
  capnp::Type typeOf(capnp::StructSchema::Field field) const {
    const capnp::Type type = field.getType();
    const auto proto = field.getProto();
    const bool isPointer =
        type.isText() || type.isData() || type.isList() || type.isStruct() || type.isInterface() || type.isAnyPointer();
    if (proto.isSlot() && proto.getSlot().getType().isAnyPointer() && !isPointer) fail("its schema is malformed");
    return type;
  }

  template <class List>
  static std::string namesOf(const std::string& start, const List& members) {
    if (members.size() == 0) return "there is none";
    std::string names;
    std::size_t count = 0;
    for (const auto member : members) {
      if (count++ == kShownNames) return start + names + " ...";
      names.append(count == 1 ? " " : ", ").append(shown(view(member.getProto().getName())));
    }
    return start + names;
  }

  void check(Value::Reader value, capnp::Type type) {
    switch (type.which()) {
      case Which::VOID:
        if (!value.isNull()) misfit("null is expected (Void)", value);
        return;
      case Which::BOOL:
        if (!value.isBoolean()) misfit("true or false is expected", value);
        return;
      case Which::INT8: return checkInteger<std::int8_t>(value, "Int8");
      case Which::INT16: return checkInteger<std::int16_t>(value, "Int16");
      case Which::INT32: return checkInteger<std::int32_t>(value, "Int32");
      case Which::INT64: return checkInteger<std::int64_t>(value, "Int64");
      case Which::UINT8: return checkInteger<std::uint8_t>(value, "UInt8");
      case Which::UINT16: return checkInteger<std::uint16_t>(value, "UInt16");
      case Which::UINT32: return checkInteger<std::uint32_t>(value, "UInt32");
      case Which::UINT64: return checkInteger<std::uint64_t>(value, "UInt64");
      case Which::FLOAT32: return checkFloat(value, std::numeric_limits<float>::max(), "Float32");
      case Which::FLOAT64: return checkFloat(value, std::numeric_limits<double>::max(), "Float64");
      case Which::TEXT:
        if (!value.isString()) misfit("text is expected", value);
        return;
      case Which::DATA: return checkData(value);
      case Which::LIST: return checkList(value, type.asList().getElementType());
      case Which::ENUM: return checkEnum(value, type.asEnum());
      case Which::STRUCT: return checkStruct(value, type.asStruct());
      case Which::INTERFACE: fail("an interface has no JSON; leave it out");
      case Which::ANY_POINTER: fail("AnyPointer has no JSON; leave it out");
    }
    fail("its type is unknown");
  }

  template <class T>
  void checkInteger(Value::Reader value, const std::string& name) const {
    const std::string range = name + " from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                              std::to_string(std::numeric_limits<T>::max());
    if (value.isString()) {
      const std::string_view text = view(value.getString());
      T number{};
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc() && end == text.data() + text.size()) return;
      misfit("a number is expected, " + range, value);
    }
    if (!value.isNumber()) misfit("a number is expected (" + name + ")", value);
    const double number = value.getNumber();
    if (number != std::trunc(number)) misfit("a whole number is expected (" + name + ")", value);
    if (sizeof(T) == 8 && std::abs(number) >= kExactLimit) {
      fail("a JSON number this large is not exact: write it as text, \"" + std::string(name) + " in quotes\"");
    }
    if (number < static_cast<double>(std::numeric_limits<T>::min()) ||
        number > static_cast<double>(std::numeric_limits<T>::max())) {
      misfit("out of range: " + range + " is expected", value);
    }
  }

  void checkFloat(Value::Reader value, double limit, const std::string& name) const {
    if (value.isString()) {
      const std::string_view text = view(value.getString());
      if (text == "NaN" || text == "Infinity" || text == "-Infinity") return;
    }
    if (!value.isNumber()) misfit("a number, \"NaN\", \"Infinity\" or \"-Infinity\" is expected (" + name + ")", value);
    if (std::abs(value.getNumber()) > limit) misfit("out of range of " + name, value);
  }

  void checkData(Value::Reader value) const {
    constexpr const char* kExpected = "an array of numbers from 0 to 255 is expected (Data)";
    if (!value.isArray()) misfit(kExpected, value);
    for (const auto item : value.getArray()) {
      const double number = item.isNumber() ? item.getNumber() : -1;
      if (number < 0 || number > 255 || number != std::trunc(number)) misfit(kExpected, item);
    }
  }

  void checkList(Value::Reader value, capnp::Type element) {
    if (!value.isArray()) misfit("an array is expected", value);
    unsigned index = 0;
    for (const auto item : value.getArray()) {
      const Step step(place_, "[" + std::to_string(index++) + "]");
      check(item, element);
    }
  }

  void checkEnum(Value::Reader value, capnp::EnumSchema type) const {
    if (value.isString()) {
      KJ_IF_MAYBE (found, type.findEnumerantByName(value.getString())) {
        static_cast<void>(found);
        return;
      }
    }
    misfit(namesOf("one of", type.getEnumerants()) + " is expected", value);
  }

  std::string place_;
};

}  // namespace

void checkArguments(Value::Reader value, capnp::StructSchema type) { Checker().checkStruct(value, type); }

}  // namespace bulkhead::generic
