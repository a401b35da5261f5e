// The schema that one contract of a module file carries, loaded for use: hostile input until then.
#pragma once

#include <bulkhead/generic.h>

#include <capnp/schema-loader.h>
#include <capnp/schema.h>

#include <cstdint>
#include <span>
#include <vector>

namespace bulkhead::generic {

class ContractSchema {
 public:
  // `message` is one of Module::manifests(). Throws kj::Exception, std::bad_alloc.
  explicit ContractSchema(std::span<const std::uint64_t> message);

  // The methods that the module implements.
  const std::vector<GenericMethod>& methods() const noexcept { return methods_; }
  // The schema of one of them. Throws Fault when the file carries none. Any thread.
  capnp::InterfaceSchema::Method methodOf(const GenericMethod& method) const;

 private:
  capnp::SchemaLoader loader_;
  std::vector<GenericMethod> methods_;
};

}  // namespace bulkhead::generic
