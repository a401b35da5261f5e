// The schema that one contract of a module file carries, loaded for use: hostile input until then.
#pragma once

#include <bulkhead/generic.h>

#include <capnp/schema-loader.h>
#include <capnp/schema.h>

#include <cstdint>
#include <span>
#include <vector>

namespace bulkhead::generic {

// Throws Fault if `nodes` would let a message that is built with them be written outside of its structs: capnp's loader
// trusts the sizes of a group's struct, and computes offsets in 32 bits.
void checkNodes(capnp::List<capnp::schema::Node>::Reader nodes);

class ContractSchema {
 public:
  // `manifest` is one of Module::manifests(). Throws Fault, kj::Exception, std::bad_alloc.
  explicit ContractSchema(std::span<const std::uint64_t> manifest);

  // The methods that the module implements.
  const std::vector<GenericMethod>& methods() const noexcept { return methods_; }
  // The schema of one of them. Throws Fault when the file carries none. Any thread.
  capnp::InterfaceSchema::Method methodOf(const GenericMethod& method) const;

 private:
  capnp::SchemaLoader loader_;
  std::vector<GenericMethod> methods_;
};

}  // namespace bulkhead::generic
