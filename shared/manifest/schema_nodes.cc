#include "shared/manifest/schema_nodes.h"

#include "proto/manifest.capnp.h"

#include <capnp/serialize.h>

namespace bulkhead::manifest {

SchemaNodes::SchemaNodes(std::span<const std::uint64_t> message) {
  // Each word once: pointers that share a target cannot inflate the copy.
  capnp::FlatArrayMessageReader reader(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(message.data()), message.size()),
      {.traversalLimitInWords = message.size(), .nestingLimit = 64});
  copy_.setRoot(reader.getRoot<schema::Manifest>());
  for (auto node : copy_.getRoot<schema::Manifest>().asReader().getNodes()) {
    static_cast<void>(node.toString());
    nodes_.emplace(node.getId(), node);
  }
}

const capnp::schema::Node::Reader* SchemaNodes::find(std::uint64_t id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

}  // namespace bulkhead::manifest
