#include "proto/plugin/manifest.h"

#include "proto/manifest.capnp.h"
#include "proto/plugin/types.h"

#include <bulkhead/abi.h>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <set>

namespace bulkhead::plugin {
namespace {

// The interfaces and every struct and enum that their methods reach.
class NodeSet {
 public:
  explicit NodeSet(const Reader& reader) : reader_(reader) {}

  void addInterface(const Interface& interface) {
    ids_.insert(interface.id);
    for (const Method& method : interface.methods) {
      addStruct(method.params.structId);
      addStruct(method.results.structId);
    }
  }
  const std::set<std::uint64_t>& ids() const { return ids_; }

 private:
  void addStruct(std::uint64_t id) {
    if (!ids_.insert(id).second) return;
    for (auto field : reader_.node(id).getStruct().getFields()) {
      if (field.isGroup()) {
        addStruct(field.getGroup().getTypeId());
      } else {
        addType(field.getSlot().getType());
      }
    }
  }
  void addType(capnp::schema::Type::Reader type) {
    if (type.isStruct()) addStruct(type.getStruct().getTypeId());
    if (type.isEnum()) ids_.insert(type.getEnum().getTypeId());
    if (type.isList()) addType(type.getList().getElementType());
  }

  const Reader& reader_;
  std::set<std::uint64_t> ids_;
};

void describe(const Interface& from, manifest::schema::Role role, manifest::schema::Interface::Builder to) {
  to.setId(from.id);
  to.setName(from.name);
  to.setRole(role);
  auto methods = to.initMethods(static_cast<unsigned>(from.methods.size()));
  for (unsigned i = 0; i < methods.size(); ++i) {
    const Method& method = from.methods[i];
    methods[i].setName(method.name);
    methods[i].setSignature(signature(method));
    methods[i].setCSignature(cSignature(method));
    methods[i].setDeadlineMs(method.deadlineMs);
    methods[i].setIdempotent(method.idempotent);
    methods[i].setSerialized(from.serialized);
  }
}

}  // namespace

std::vector<std::uint64_t> buildManifest(const Contract& contract, const Reader& reader) {
  capnp::MallocMessageBuilder draft;
  auto root = draft.initRoot<manifest::schema::Manifest>();
  root.setContract(contract.name);
  root.setAbiVersion(BULKHEAD_ABI_VERSION);
  auto interfaces = root.initInterfaces(static_cast<unsigned>(contract.interfaces().size()));
  NodeSet nodes(reader);
  unsigned index = 0;
  for (const Interface* interface : contract.interfaces()) {
    const bool isExport = contract.exports && interface == &*contract.exports;
    describe(*interface, isExport ? manifest::schema::Role::EXPORTS : manifest::schema::Role::IMPORTS,
             interfaces[index++]);
    nodes.addInterface(*interface);
  }
  auto list = root.initNodes(static_cast<unsigned>(nodes.ids().size()));
  index = 0;
  for (const std::uint64_t id : nodes.ids()) list.setWithCaveats(index++, reader.node(id));

  // Once more, into one segment without holes.
  const auto finished = root.asReader();
  capnp::MallocMessageBuilder message(static_cast<unsigned>(finished.totalSize().wordCount + 1),
                                      capnp::AllocationStrategy::FIXED_SIZE);
  message.setRoot(finished);
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(message);
  std::vector<std::uint64_t> words(flat.size());
  std::memcpy(words.data(), flat.begin(), flat.size() * sizeof(std::uint64_t));
  return words;
}

}  // namespace bulkhead::plugin
