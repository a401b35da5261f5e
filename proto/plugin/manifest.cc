#include "proto/plugin/manifest.h"

#include "proto/manifest.capnp.h"
#include "proto/plugin/types.h"
#include "shared/manifest/limits.h"

#include <bulkhead/abi.h>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <map>

namespace bulkhead::plugin {
namespace {

// The interfaces and every struct and enum that their methods reach.
class NodeSet {
 public:
  explicit NodeSet(const Reader& reader) : reader_(reader) {}

  void addInterface(const Interface& interface) {
    ids_.insert({interface.id, interface.schemaId});
    for (const Method& method : interface.methods) {
      addStruct(method.params.structId);
      addStruct(method.results.structId);
    }
  }
  // The nodes by id. An inherited part's is that of its schema.
  const std::map<std::uint64_t, std::uint64_t>& ids() const { return ids_; }

 private:
  void addStruct(std::uint64_t id) {
    if (!ids_.insert({id, id}).second) return;
    for (auto field : reader_.node(id).getStruct().getFields()) {
      if (field.isGroup()) {
        addStruct(field.getGroup().getTypeId());
      } else {
        addType(field.getSlot().getType());
      }
    }
  }
  void addType(capnp::schema::Type::Reader type) {
    if (type.isStruct()) {
      addStruct(type.getStruct().getTypeId());
      addBrand(type.getStruct().getBrand());
    }
    if (type.isEnum()) ids_.insert({type.getEnum().getTypeId(), type.getEnum().getTypeId()});
    if (type.isList()) addType(type.getList().getElementType());
  }

  void addBrand(capnp::schema::Brand::Reader brand) {
    for (auto scope : brand.getScopes()) {
      if (!scope.isBind()) continue;
      for (auto binding : scope.getBind()) {
        if (binding.isType()) addType(binding.getType());
      }
    }
  }

  const Reader& reader_;
  std::map<std::uint64_t, std::uint64_t> ids_;
};

void describe(const Interface& from, manifest::schema::Role role, manifest::schema::Interface::Builder to) {
  to.setId(from.id);
  to.setName(from.shownName);
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
    methods[i].setSavesState(method.savesState);
    methods[i].setRestoresState(method.restoresState);
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
    describe(*interface,
             contract.isExport(*interface) ? manifest::schema::Role::EXPORTS : manifest::schema::Role::IMPORTS,
             interfaces[index++]);
    nodes.addInterface(*interface);
  }
  if (nodes.ids().size() > manifest::kMaxNodes) {
    throw SchemaError(contract.file, contract.title(),
                      "reaches more than " + std::to_string(manifest::kMaxNodes) +
                          " types, and no manifest takes more; pass some of them as Data");
  }
  auto list = root.initNodes(static_cast<unsigned>(nodes.ids().size()));
  index = 0;
  for (const auto& [id, schemaId] : nodes.ids()) {
    list.setWithCaveats(index, reader.node(schemaId));
    list[index++].setId(id);
  }

  // Once more, into one segment without holes.
  const auto finished = root.asReader();
  capnp::MallocMessageBuilder message(static_cast<unsigned>(finished.totalSize().wordCount + 1),
                                      capnp::AllocationStrategy::FIXED_SIZE);
  message.setRoot(finished);
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(message);
  if ((flat.size() + 1) * sizeof(std::uint64_t) > manifest::kMaxNoteBytes) {  // the note has a word before it
    throw SchemaError(contract.file, contract.title(),
                      "has a manifest of more than " + std::to_string(manifest::kMaxNoteBytes) +
                          " bytes, and no module file takes more; use fewer or smaller types");
  }
  std::vector<std::uint64_t> words(flat.size());
  std::memcpy(words.data(), flat.begin(), flat.size() * sizeof(std::uint64_t));
  return words;
}

}  // namespace bulkhead::plugin
