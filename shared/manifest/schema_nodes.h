// The schema nodes of a manifest, fit to be given to capnp's SchemaLoader: hostile input until then.
#pragma once

#include "proto/manifest.capnp.h"

#include <capnp/message.h>

#include <cstdint>
#include <span>

namespace bulkhead::manifest {

// What capnp 0.9.2's loader takes on trust is checked here:
//  - the texts of the nodes can be read; else the loader, naming them in its error, recurses until the stack is full
//  - fields, unions and groups lie within their structs, computed in 64 bits; else building a message writes beside it
// and the nodes are a copy, so that no limit of a reader can strike while the loader is at work.
class SchemaNodes {
 public:
  // `manifest` is a Contract's message; it is not kept. Throws kj::Exception, std::bad_alloc.
  explicit SchemaNodes(std::span<const std::uint64_t> manifest);

  // Valid as long as this object.
  schema::Manifest::Reader manifest() const { return manifest_; }
  capnp::List<capnp::schema::Node>::Reader nodes() const { return manifest_.getNodes(); }

 private:
  capnp::MallocMessageBuilder copy_;
  schema::Manifest::Reader manifest_;
};

}  // namespace bulkhead::manifest
