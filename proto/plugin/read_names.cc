// How the schema's nodes are called: in the schema, in capnp's own C++ header, in comments.
#include "proto/plugin/read.h"
#include "proto/plugin/schema_ids.h"

namespace bulkhead::plugin {

bool Reader::isAnnotated(capnp::List<capnp::schema::Annotation>::Reader annotations, std::uint64_t id) const {
  for (auto annotation : annotations) {
    if (annotation.getId() == id) return true;
  }
  return false;
}

Reader::Node Reader::fileOf(Node node) const {
  for (auto parent = nodes_.find(node.getScopeId()); parent != nodes_.end(); parent = nodes_.find(node.getScopeId())) {
    node = parent->second;
  }
  return node;
}

// With $Cxx.name, which capnp's own generator heeds.
std::string Reader::shortName(Node node) const {
  for (auto annotation : node.getAnnotations()) {
    if (annotation.getId() == kCxxName) return annotation.getValue().getText().cStr();
  }
  return node.getDisplayName().cStr() + node.getDisplayNamePrefixLength();
}

std::string Reader::className(Node node, Brand brand, const std::string& where) {
  std::string name = shortName(node);
  if (node.getParameters().size() == 0) return name;
  std::string arguments;
  for (auto scope : brand.getScopes()) {
    if (scope.getScopeId() != node.getId() || !scope.isBind()) continue;
    for (auto binding : scope.getBind()) {
      arguments += arguments.empty() ? "" : ", ";
      arguments += binding.isType() ? capnpName(binding.getType(), where) : "::capnp::AnyPointer";
    }
  }
  return name + "<" + arguments + ">";
}

std::string Reader::capnpName(Node node, Brand brand, const std::string& where) {
  std::string name = className(node, brand, where);
  auto parent = nodes_.find(node.getScopeId());
  for (; parent != nodes_.end() && !parent->second.isFile(); parent = nodes_.find(parent->second.getScopeId())) {
    name.insert(0, className(parent->second, brand, where) + "::");
  }
  std::string scope = "::";
  for (auto annotation : fileOf(node).getAnnotations()) {
    if (annotation.getId() == kCxxNamespace) scope += std::string(annotation.getValue().getText().cStr()) + "::";
  }
  return scope + name;
}

std::string Reader::capnpName(capnp::schema::Type::Reader type, const std::string& where) {
  for (const Plain& plain : kPlain) {
    if (plain.which == type.which()) return plain.capnp;
  }
  switch (type.which()) {
    case Which::VOID: return "::capnp::Void";
    case Which::LIST: return "::capnp::List<" + capnpName(type.getList().getElementType(), where) + ">";
    case Which::ENUM: return capnpName(node(type.getEnum().getTypeId()), type.getEnum().getBrand(), where);
    case Which::STRUCT:
      refuseCapabilities(type.getStruct().getTypeId(), where);
      return capnpName(node(type.getStruct().getTypeId()), type.getStruct().getBrand(), where);
    case Which::INTERFACE: fail(where, "is an interface, which cannot be passed; use an imports interface");
    case Which::ANY_POINTER: {
      // As an argument of a generic struct; a list of them capnp's classes do not have.
      const auto any = type.getAnyPointer();
      if (!any.isUnconstrained()) return "::capnp::AnyPointer";
      if (any.getUnconstrained().isCapability()) {
        fail(where, "is an interface, which cannot be passed; use an imports interface");
      }
      return any.getUnconstrained().isStruct() ? "::capnp::AnyStruct"
             : any.getUnconstrained().isList() ? "::capnp::AnyList"
                                               : "::capnp::AnyPointer";
    }
    default: fail(where, "has a type that this version does not know");
  }
}

std::string Reader::shownName(Node node, Brand brand) const {
  std::string arguments;
  for (auto scope : brand.getScopes()) {
    if (!scope.isBind()) continue;
    for (auto binding : scope.getBind()) {
      arguments += arguments.empty() ? "" : ", ";
      arguments += binding.isType() ? shownName(binding.getType()) : "AnyPointer";
    }
  }
  const std::string name = node.getDisplayName().cStr() + node.getDisplayNamePrefixLength();
  return arguments.empty() ? name : name + "(" + arguments + ")";
}

std::string Reader::shownName(capnp::schema::Type::Reader type) const {
  for (const Plain& plain : kPlain) {
    if (plain.which == type.which()) return plain.name;
  }
  switch (type.which()) {
    case Which::VOID: return "Void";
    case Which::LIST: return "List(" + shownName(type.getList().getElementType()) + ")";
    case Which::ENUM: return shownName(node(type.getEnum().getTypeId()), type.getEnum().getBrand());
    case Which::STRUCT: return shownName(node(type.getStruct().getTypeId()), type.getStruct().getBrand());
    case Which::INTERFACE: return shownName(node(type.getInterface().getTypeId()), type.getInterface().getBrand());
    default: break;
  }
  if (!type.isAnyPointer() || !type.getAnyPointer().isUnconstrained()) return "AnyPointer";
  const auto any = type.getAnyPointer().getUnconstrained();
  return any.isStruct() ? "AnyStruct" : any.isList() ? "AnyList" : any.isCapability() ? "Capability" : "AnyPointer";
}

std::string Reader::doc(std::uint64_t id) const {
  const auto source = sources_.find(id);
  return source == sources_.end() ? std::string() : source->second.getDocComment().cStr();
}

std::string Reader::memberDoc(std::uint64_t id, std::uint32_t index) const {
  const auto source = sources_.find(id);
  if (source == sources_.end() || index >= source->second.getMembers().size()) return {};
  return source->second.getMembers()[index].getDocComment().cStr();
}

void Reader::fail(const std::string& node, const std::string& what) const {
  throw SchemaError(contract_.file, node, what);
}

}  // namespace bulkhead::plugin
