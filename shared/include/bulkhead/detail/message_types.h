// Whether a message holds what its schema says: pointers of the right kinds, texts that end. capnp's readers look at
// that only where they are used, and throw there.
#pragma once

#include <capnp/dynamic.h>
#include <capnp/schema.h>

namespace bulkhead::detail {

void requireTypes(capnp::DynamicStruct::Reader reader);

// Whether values of the type are, or hold, pointers.
inline bool hasPointers(capnp::StructSchema schema) {
  for (const auto field : schema.getFields()) {
    if (field.getProto().isGroup()) {
      if (hasPointers(field.getType().asStruct())) return true;
    } else if (!field.getType().isVoid() && field.getProto().getSlot().getType().which() >= capnp::schema::Type::TEXT &&
               !field.getType().isEnum()) {
      return true;
    }
  }
  return false;
}

inline void requireTypes(capnp::DynamicList::Reader list) {
  const capnp::Type element = list.getSchema().getElementType();
  if (element.isStruct()) {
    // Numbers need no look: a list of a million points costs nothing here.
    if (!hasPointers(element.asStruct())) return;
    for (const auto one : list) requireTypes(one.as<capnp::DynamicStruct>());
  } else if (element.isList()) {
    for (const auto one : list) requireTypes(one.as<capnp::DynamicList>());
  } else if (element.isText() || element.isData()) {
    for (const auto one : list) static_cast<void>(one);
  }
}

inline void requireTypes(capnp::DynamicStruct::Reader reader, capnp::StructSchema::Field field) {
  const capnp::Type type = field.getType();
  if (field.getProto().isGroup()) return requireTypes(reader.get(field).as<capnp::DynamicStruct>());
  // Null pointers are defaults, which are sound (and may hold themselves).
  const bool isPointer = type.isText() || type.isData() || type.isList() || type.isStruct();
  if (!isPointer || !reader.has(field)) return;
  const capnp::DynamicValue::Reader value = reader.get(field);
  if (type.isList()) requireTypes(value.as<capnp::DynamicList>());
  if (type.isStruct()) requireTypes(value.as<capnp::DynamicStruct>());
}

// Visits every pointer that the schema knows, once. Throws kj's exception for one that is not what it should be, and
// where structs are nested deeper than the reader allows.
inline void requireTypes(capnp::DynamicStruct::Reader reader) {
  for (const auto field : reader.getSchema().getNonUnionFields()) requireTypes(reader, field);
  KJ_IF_MAYBE (field, reader.which()) requireTypes(reader, *field);
}

}  // namespace bulkhead::detail
