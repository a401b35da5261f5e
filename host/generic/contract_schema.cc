#include "host/generic/contract_schema.h"

#include "host/generic/fault.h"
#include "proto/manifest.capnp.h"

#include <capnp/serialize.h>

#include <map>
#include <string>
#include <string_view>

namespace bulkhead::generic {
namespace {

namespace cs = capnp::schema;

constexpr std::uint64_t kReadsPerWord = 16;  // nodes are read for the checks and by the loader
constexpr int kNesting = 64;

using Nodes = std::map<std::uint64_t, cs::Node::Reader>;

// Bits of a field in the data section; -1: a pointer.
int bitsOf(cs::Type::Reader type) {
  switch (type.which()) {
    case cs::Type::VOID: return 0;
    case cs::Type::BOOL: return 1;
    case cs::Type::INT8:
    case cs::Type::UINT8: return 8;
    case cs::Type::INT16:
    case cs::Type::UINT16:
    case cs::Type::ENUM: return 16;
    case cs::Type::INT32:
    case cs::Type::UINT32:
    case cs::Type::FLOAT32: return 32;
    case cs::Type::INT64:
    case cs::Type::UINT64:
    case cs::Type::FLOAT64: return 64;
    default: return -1;
  }
}

void require(bool holds, const cs::Node::Reader& node, const char* what) {
  if (holds) return;
  throw Fault("its schema is malformed: " + std::string(node.getDisplayName().cStr(), node.getDisplayName().size()) +
              ": " + what);
}

void checkSlot(const cs::Node::Reader& node, cs::Field::Slot::Reader slot) {
  const auto type = node.getStruct();
  const std::uint64_t end = std::uint64_t{slot.getOffset()} + 1;
  const int bits = bitsOf(slot.getType());
  const bool fits = bits < 0 ? end <= type.getPointerCount()
                             : end * static_cast<unsigned>(bits) <= std::uint64_t{type.getDataWordCount()} * 64;
  require(fits, node, "a field lies outside of it");
}

void checkGroup(const cs::Node::Reader& node, const Nodes& nodes, std::uint64_t id) {
  const auto found = nodes.find(id);
  require(found != nodes.end() && found->second.isStruct(), node, "a group of it is not there");
  const auto group = found->second.getStruct();
  const auto type = node.getStruct();
  require(group.getIsGroup() && found->second.getScopeId() == node.getId(), node, "a group of it is another struct's");
  require(group.getDataWordCount() <= type.getDataWordCount() && group.getPointerCount() <= type.getPointerCount(),
          node, "a group is larger than it");
}

void checkStructNode(const cs::Node::Reader& node, const Nodes& nodes) {
  const auto type = node.getStruct();
  if (type.getDiscriminantCount() != 0) {
    const std::uint64_t end = std::uint64_t{type.getDiscriminantOffset()} + 1;
    require(end * 16 <= std::uint64_t{type.getDataWordCount()} * 64, node, "its union's tag lies outside of it");
  }
  for (const auto field : type.getFields()) {
    switch (field.which()) {
      case cs::Field::SLOT: checkSlot(node, field.getSlot()); break;
      case cs::Field::GROUP: checkGroup(node, nodes, field.getGroup().getTypeId()); break;
      default: require(false, node, "a field of it is of an unknown kind");
    }
  }
}

}  // namespace

void checkNodes(capnp::List<cs::Node>::Reader list) {
  Nodes nodes;
  for (const auto node : list) require(nodes.emplace(node.getId(), node).second, node, "described twice");
  for (const auto& [id, node] : nodes) {
    if (node.isStruct()) checkStructNode(node, nodes);
  }
}

ContractSchema::ContractSchema(std::span<const std::uint64_t> manifest) {
  capnp::FlatArrayMessageReader message(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(manifest.data()), manifest.size()),
      {.traversalLimitInWords = manifest.size() * kReadsPerWord, .nestingLimit = kNesting});
  const auto root = message.getRoot<manifest::schema::Manifest>();
  for (const auto interface : root.getInterfaces()) {
    if (interface.getRole() != manifest::schema::Role::EXPORTS) continue;
    std::uint16_t ordinal = 0;
    for (const auto method : interface.getMethods()) {
      methods_.push_back({interface.getName(), method.getName(), method.getSignature(), interface.getId(), ordinal++});
    }
  }
  checkNodes(root.getNodes());
  for (const auto node : root.getNodes()) loader_.load(node);
}

capnp::InterfaceSchema::Method ContractSchema::methodOf(const GenericMethod& method) const {
  KJ_IF_MAYBE (found, loader_.tryGet(method.interfaceId)) {
    if (!found->getProto().isInterface())
      throw Fault("its schema is malformed: " + method.interface + " is no interface");
    const auto interface = found->asInterface();
    const auto own = interface.getMethods();
    const auto hasName = [&](capnp::InterfaceSchema::Method candidate) {
      return std::string_view(candidate.getProto().getName().cStr()) == method.name;
    };
    if (method.ordinal < own.size() && hasName(own[method.ordinal])) return own[method.ordinal];
    KJ_IF_MAYBE (inherited, interface.findMethodByName(method.name.c_str())) return *inherited;
  }
  throw Fault("the module file carries no schema of " + method.interface + "." + method.name);
}

}  // namespace bulkhead::generic
