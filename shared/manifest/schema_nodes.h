// The schema nodes of a manifest, safe to give to capnp's own schema code.
#pragma once

#include <capnp/message.h>
#include <capnp/schema.capnp.h>

#include <cstdint>
#include <map>
#include <span>

namespace bulkhead::manifest {

// capnp's SchemaLoader refuses what makes no sense, but does not survive a malformed text in a node (0.9.2: it recurses
// for ever while it describes the error). So this is a copy of which every field was read once.
class SchemaNodes {
 public:
  // `message`: a flat Manifest (proto/manifest.capnp), untrusted. Throws kj::Exception for one that is malformed.
  explicit SchemaNodes(std::span<const std::uint64_t> message);
  SchemaNodes(const SchemaNodes&) = delete;
  SchemaNodes& operator=(const SchemaNodes&) = delete;

  // By id. Valid as long as this object.
  const std::map<std::uint64_t, capnp::schema::Node::Reader>& all() const noexcept { return nodes_; }
  // Null if there is none.
  const capnp::schema::Node::Reader* find(std::uint64_t id) const;

 private:
  capnp::MallocMessageBuilder copy_;
  std::map<std::uint64_t, capnp::schema::Node::Reader> nodes_;
};

}  // namespace bulkhead::manifest
