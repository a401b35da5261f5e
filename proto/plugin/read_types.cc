// Parameters, results, and the types they are made of.
#include "proto/plugin/literals.h"
#include "proto/plugin/read.h"
#include "proto/plugin/schema_ids.h"
#include "proto/plugin/types.h"

#include <algorithm>
#include <bit>

namespace bulkhead::plugin {
namespace {

using capnp::schema::Value;

std::uint64_t bitsOf(Value::Reader value) {
  switch (value.which()) {
    case Value::BOOL: return value.getBool() ? 1 : 0;
    case Value::INT8: return static_cast<std::uint8_t>(value.getInt8());
    case Value::INT16: return static_cast<std::uint16_t>(value.getInt16());
    case Value::INT32: return static_cast<std::uint32_t>(value.getInt32());
    case Value::INT64: return static_cast<std::uint64_t>(value.getInt64());
    case Value::UINT8: return value.getUint8();
    case Value::UINT16: return value.getUint16();
    case Value::UINT32: return value.getUint32();
    case Value::UINT64: return value.getUint64();
    case Value::FLOAT32: return std::bit_cast<std::uint32_t>(value.getFloat32());
    case Value::FLOAT64: return std::bit_cast<std::uint64_t>(value.getFloat64());
    case Value::ENUM: return value.getEnum();
    default: return 0;
  }
}

std::string bytesOf(capnp::Text::Reader text) { return {text.begin(), text.size()}; }
std::string bytesOf(capnp::Data::Reader data) { return {reinterpret_cast<const char*>(data.begin()), data.size()}; }

template <class T>
std::vector<std::string> numbersOf(capnp::AnyPointer::Reader list) {
  std::vector<std::string> items;
  for (auto value : list.getAs<capnp::List<T>>()) {
    if constexpr (std::is_same_v<T, float>) {
      items.push_back(floatLiteral(std::bit_cast<std::uint32_t>(value), false));
    } else if constexpr (std::is_same_v<T, double>) {
      items.push_back(floatLiteral(std::bit_cast<std::uint64_t>(value), true));
    } else {
      items.push_back(integerLiteral(static_cast<std::uint64_t>(value), std::is_signed_v<T>));
    }
  }
  return items;
}
template <class T>
std::vector<std::string> viewsOf(capnp::AnyPointer::Reader list) {
  std::vector<std::string> items;
  for (auto value : list.getAs<capnp::List<T>>()) items.push_back("{" + bytesLiteral(bytesOf(value)) + "}");
  return items;
}

std::vector<std::string> itemsOf(Kind element, capnp::AnyPointer::Reader list) {
  switch (element) {
    case Kind::boolean: return numbersOf<bool>(list);
    case Kind::int8: return numbersOf<std::int8_t>(list);
    case Kind::int16: return numbersOf<std::int16_t>(list);
    case Kind::int32: return numbersOf<std::int32_t>(list);
    case Kind::int64: return numbersOf<std::int64_t>(list);
    case Kind::uint8: return numbersOf<std::uint8_t>(list);
    case Kind::uint16:
    case Kind::enumeration: return numbersOf<std::uint16_t>(list);
    case Kind::uint32: return numbersOf<std::uint32_t>(list);
    case Kind::uint64: return numbersOf<std::uint64_t>(list);
    case Kind::float32: return numbersOf<float>(list);
    case Kind::float64: return numbersOf<double>(list);
    case Kind::text: return viewsOf<capnp::Text>(list);
    case Kind::data: return viewsOf<capnp::Data>(list);
    default: return {};
  }
}

}  // namespace

Fields Reader::readFields(std::uint64_t structId, Brand brand, const std::string& method, const char* role) {
  const Node node = this->node(structId);
  if (structId == kStreamResult) fail(method, "streams, which is not supported; leave out `-> stream`");
  Fields fields;
  fields.structId = structId;
  if (node.getScopeId() != 0) {
    readNamed(fields, node, brand, method, role);
    return fields;
  }
  fields.dataWords = node.getStruct().getDataWordCount();
  fields.pointers = node.getStruct().getPointerCount();
  std::uint32_t index = 0;
  for (auto source : node.getStruct().getFields()) {
    readField(fields, source, index++, method + ": " + source.getName().cStr());
  }
  fields.shown = "(" + fields.shown + ")";
  return fields;
}

// `run @0 Request -> Response`: one value on either side, whatever the struct's fields are.
void Reader::readNamed(Fields& fields, Node node, Brand brand, const std::string& method, const char* role) {
  refuseCapabilities(node.getId(), method);
  fields.isNamed = fields.isWhole = true;
  fields.capnpName = capnpName(node, brand, method);
  fields.shown = shownName(node, brand);
  Field& field = fields.list.emplace_back();
  field.name = role == std::string("parameters") ? "params" : "results";
  field.type = {Kind::structure, Kind::boolean, fields.capnpName, fields.shown, node.getId()};
}

void Reader::readField(Fields& fields, capnp::schema::Field::Reader source, std::uint32_t index,
                       const std::string& where) {
  const auto slot = source.getSlot();
  if (isAnnotated(source.getAnnotations(), kCxxName)) {
    fail(where, "has $Cxx.name, which is not supported; rename it in the schema");
  }
  fields.shown +=
      (fields.shown.empty() ? "" : ", ") + std::string(source.getName().cStr()) + ": " + shownName(slot.getType());
  if (slot.getType().isVoid()) return;
  Field field;
  field.name = source.getName().cStr();
  field.doc = memberDoc(fields.structId, index);
  field.type = readType(slot.getType(), where);
  field.offset = slot.getOffset();
  field.whenAbsent = readDefault(field.type, slot.getDefaultValue());
  fields.list.push_back(std::move(field));
}

Default Reader::readDefault(const Type& type, Value::Reader value) {
  Default result;
  if (isScalar(type)) {
    result.bits = bitsOf(value);
  } else if (type.kind == Kind::text) {
    result.items = {bytesOf(value.getText())};
    result.isSet = !result.items.front().empty();
  } else if (type.kind == Kind::data) {
    result.items = {bytesOf(value.getData())};
    result.isSet = !result.items.front().empty();
  } else if (type.kind == Kind::list) {
    result.items = itemsOf(type.element, value.getList());
    result.isSet = !result.items.empty();
  }
  return result;
}

Type Reader::readType(capnp::schema::Type::Reader type, const std::string& where) {
  for (const Plain& plain : kPlain) {
    if (plain.which == type.which()) return {plain.kind, Kind::boolean, {}, plain.name, 0};
  }
  switch (type.which()) {
    case Which::LIST: return readList(type.getList(), where);
    case Which::ENUM: {
      const Node node = this->node(type.getEnum().getTypeId());
      hasForeignTypes_ |= !isInFile(node);
      return {Kind::enumeration, Kind::boolean, {}, shownName(type), node.getId()};
    }
    case Which::STRUCT: {
      const std::string name = capnpName(type, where);
      return {Kind::structure, Kind::boolean, name, shownName(type), type.getStruct().getTypeId()};
    }
    case Which::ANY_POINTER: return readAny(type.getAnyPointer(), where);
    default: (void)capnpName(type, where);  // says why not
  }
  fail(where, "has a type that this version does not know");
}

Type Reader::readList(capnp::schema::Type::List::Reader list, const std::string& where) {
  const auto element = list.getElementType();
  switch (element.which()) {
    case Which::STRUCT:
    case Which::LIST:
    case Which::VOID:
    case Which::INTERFACE:
    case Which::ANY_POINTER: {
      const std::string name = "::capnp::List<" + capnpName(element, where) + ">";
      return {Kind::compound, Kind::boolean, name, "List(" + shownName(element) + ")", 0};
    }
    default: break;
  }
  Type type = readType(element, where);
  type.element = type.kind;
  type.kind = Kind::list;
  type.schemaName = "List(" + type.schemaName + ")";
  return type;
}

Type Reader::readAny(capnp::schema::Type::AnyPointer::Reader any, const std::string& where) {
  if (any.isParameter() || any.isImplicitMethodParameter()) {
    fail(where, "has a generic type, which no C function has; name the type");
  }
  switch (any.getUnconstrained().which()) {
    case capnp::schema::Type::AnyPointer::Unconstrained::STRUCT:
      return {Kind::compound, Kind::boolean, "::capnp::AnyStruct", "AnyStruct", 0};
    case capnp::schema::Type::AnyPointer::Unconstrained::LIST:
      return {Kind::compound, Kind::boolean, "::capnp::AnyList", "AnyList", 0};
    case capnp::schema::Type::AnyPointer::Unconstrained::CAPABILITY:
      fail(where, "is an interface, which cannot be passed; use an imports interface");
    default: return {Kind::anyPointer, Kind::boolean, "::capnp::AnyPointer", "AnyPointer", 0};
  }
}

// A message has nowhere to put an interface, so none may be in it, however deep.
void Reader::refuseCapabilities(std::uint64_t structId, const std::string& where) {
  if (!plainStructs_.insert(structId).second) return;
  const Node node = this->node(structId);
  for (auto field : node.getStruct().getFields()) {
    if (field.isGroup()) {
      refuseCapabilities(field.getGroup().getTypeId(), where);
      continue;
    }
    auto type = field.getSlot().getType();
    while (type.isList()) type = type.getList().getElementType();
    const bool isCapability = type.isAnyPointer() && type.getAnyPointer().isUnconstrained() &&
                              type.getAnyPointer().getUnconstrained().isCapability();
    if (type.isInterface() || isCapability) {
      fail(where, "holds an interface, in " + shortName(node) + "." + field.getName().cStr() +
                      ", which cannot be passed; use an imports interface");
    }
    if (type.isStruct()) (void)capnpName(type, where);
  }
}

void Reader::readEnums() {
  if (contract_.usesCapnp) return;  // capnp's own header declares them
  for (const Interface* interface : contract_.interfaces()) {
    for (const Method& method : interface->methods) {
      for (const Fields* fields : {&method.params, &method.results}) {
        for (const Field& field : fields->list) {
          const std::uint64_t id = field.type.id;
          const auto same = [id](const Enum& known) { return known.id == id; };
          if (id == 0 || std::any_of(contract_.enums.begin(), contract_.enums.end(), same)) continue;
          const Node node = this->node(id);
          if (!isInFile(node)) continue;
          Enum& to = contract_.enums.emplace_back();
          to.name = shortName(node);
          to.doc = doc(id);
          to.id = id;
          std::uint32_t index = 0;
          for (auto value : node.getEnum().getEnumerants()) {
            to.values.push_back({value.getName().cStr(), memberDoc(id, index++)});
          }
        }
      }
    }
  }
}

// Those of numbers and Text at the top of the file, spelled apart from those of capnp's own header.
void Reader::readConstants() {
  for (auto nested : node(file_.getId()).getNestedNodes()) {
    const auto found = nodes_.find(nested.getId());
    if (found == nodes_.end() || !found->second.isConst()) continue;
    const auto source = found->second.getConst();
    Constant constant;
    constant.name = "k" + capitalized(nested.getName().cStr());
    constant.doc = doc(nested.getId());
    if (source.getType().isText()) {
      constant.cppType = "std::string_view";
      constant.value = "{" + bytesLiteral(bytesOf(source.getValue().getText())) + "}";
    } else {
      const auto plain = std::find_if(std::begin(kPlain), std::end(kPlain),
                                      [&](const Plain& each) { return each.which == source.getType().which(); });
      if (plain == std::end(kPlain) || plain->kind >= Kind::text) continue;
      constant.cppType = plain->capnp;
      constant.value = scalarLiteral(plain->kind, bitsOf(source.getValue()));
    }
    contract_.constants.push_back(std::move(constant));
  }
}

// Enums stand where capnp's own header puts them or, where that takes no part, directly in the contract's namespace.
void Reader::qualifyNames() {
  const auto qualify = [&](Interface& interface) {
    const std::string scope = capnpName(node(interface.schemaId), Brand(), interface.name) + "::";
    for (Method& method : interface.methods) {
      for (Fields* fields : {&method.params, &method.results}) {
        for (Field& field : fields->list) {
          if (field.type.id == 0 || isCapnpClass(field.type)) continue;
          const Node source = node(field.type.id);
          field.type.name = contract_.usesCapnp || !isInFile(source)
                                ? capnpName(source, Brand(), interface.name)
                                : "::" + contract_.cppNamespace + "::" + shortName(source);
        }
        const char* suffix = fields == &method.params ? "Params" : "Results";
        if (!fields->isNamed) fields->capnpName = scope + capitalized(method.name) + suffix;
      }
    }
  };
  for (std::optional<Interface>* annotated : {&contract_.exports, &contract_.imports}) {
    if (!*annotated) continue;
    qualify(**annotated);
    for (Interface& part : (*annotated)->parts) qualify(part);
  }
}

}  // namespace bulkhead::plugin
