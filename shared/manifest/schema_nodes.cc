#include "shared/manifest/schema_nodes.h"

#include <capnp/serialize.h>
#include <kj/exception.h>
#include <kj/string.h>

#include <map>
#include <set>

namespace bulkhead::manifest {
namespace {

namespace cs = capnp::schema;

constexpr std::uint64_t kReadsPerWord = 2;  // a sound message is copied once, whole
constexpr int kNesting = 64;
constexpr int kMaxGroupDepth = 16;

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
  kj::throwFatalException(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                        kj::str("its schema is malformed: ", node.getDisplayName(), ": ", what)));
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

// A parameter of a generic is a pointer; the loader does not look whether what is bound to it is one.
void checkBrand(const cs::Node::Reader& node, cs::Brand::Reader brand);

void checkType(const cs::Node::Reader& node, cs::Type::Reader type) {
  while (type.isList()) type = type.getList().getElementType();
  if (type.isStruct()) checkBrand(node, type.getStruct().getBrand());
}

void checkBrand(const cs::Node::Reader& node, cs::Brand::Reader brand) {
  for (const auto scope : brand.getScopes()) {
    if (!scope.isBind()) continue;
    for (const auto binding : scope.getBind()) {
      if (!binding.isType()) continue;
      require(bitsOf(binding.getType()) < 0, node, "what is bound to a parameter of a generic is no pointer");
      checkType(node, binding.getType());
    }
  }
}

// Builders walk into the groups of a struct, and into those of their groups.
void checkDepth(const cs::Node::Reader& node, const Nodes& nodes) {
  int depth = 0;
  for (auto at = nodes.find(node.getId());
       at != nodes.end() && at->second.isStruct() && at->second.getStruct().getIsGroup();
       at = nodes.find(at->second.getScopeId())) {
    require(++depth <= kMaxGroupDepth, node, "its groups are nested too deeply");
  }
}

void readText(capnp::Text::Reader) {}

// Reads what the loader reads for its errors; throws kj::Exception here, where that ends.
void readNames(const cs::Node::Reader& node) {
  readText(node.getDisplayName());
  switch (node.which()) {
    case cs::Node::STRUCT:
      for (const auto field : node.getStruct().getFields()) readText(field.getName());
      return;
    case cs::Node::ENUM:
      for (const auto enumerant : node.getEnum().getEnumerants()) readText(enumerant.getName());
      return;
    case cs::Node::INTERFACE:
      for (const auto method : node.getInterface().getMethods()) readText(method.getName());
      return;
    default: return;
  }
}

void checkStructNode(const cs::Node::Reader& node, const Nodes& nodes) {
  const auto type = node.getStruct();
  if (type.getDiscriminantCount() != 0) {
    const std::uint64_t end = std::uint64_t{type.getDiscriminantOffset()} + 1;
    require(end * 16 <= std::uint64_t{type.getDataWordCount()} * 64, node, "its union's tag lies outside of it");
  }
  for (const auto field : type.getFields()) {
    switch (field.which()) {
      case cs::Field::SLOT:
        checkSlot(node, field.getSlot());
        checkType(node, field.getSlot().getType());
        break;
      case cs::Field::GROUP: checkGroup(node, nodes, field.getGroup().getTypeId()); break;
      default: require(false, node, "a field of it is of an unknown kind");
    }
  }
}

// A group is one field's: named by several it would be walked into once for each, and so would its own.
void checkGroupsOnce(const cs::Node::Reader& node, std::set<std::uint64_t>& groups) {
  for (const auto field : node.getStruct().getFields()) {
    if (field.isGroup())
      require(groups.insert(field.getGroup().getTypeId()).second, node, "a group of it is named twice");
  }
}

void checkNodes(capnp::List<cs::Node>::Reader list) {
  Nodes nodes;
  std::set<std::uint64_t> groups;
  for (const auto node : list) {
    readNames(node);
    static_cast<void>(node.toString());  // and every other field
    require(nodes.emplace(node.getId(), node).second, node, "described twice");
  }
  for (const auto& [id, node] : nodes) {
    if (node.isStruct()) {
      checkStructNode(node, nodes);
      checkGroupsOnce(node, groups);
    }
    checkDepth(node, nodes);
    if (!node.isInterface()) continue;
    for (const auto method : node.getInterface().getMethods()) {
      checkBrand(node, method.getParamBrand());
      checkBrand(node, method.getResultBrand());
    }
  }
}

}  // namespace

SchemaNodes::SchemaNodes(std::span<const std::uint64_t> manifest) {
  capnp::FlatArrayMessageReader message(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(manifest.data()), manifest.size()),
      {.traversalLimitInWords = manifest.size() * kReadsPerWord, .nestingLimit = kNesting});
  copy_.setRoot(message.getRoot<schema::Manifest>());
  manifest_ = copy_.getRoot<schema::Manifest>().asReader();
  checkNodes(nodes());
}

}  // namespace bulkhead::manifest
