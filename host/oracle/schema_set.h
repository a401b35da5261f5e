// The methods of some contracts as capnp's own schema objects, made from their manifests.
#pragma once

#include <capnp/schema-loader.h>
#include <capnp/schema.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bulkhead::oracle {

struct MethodSchema {
  std::string name;  // "Codec.decode"
  capnp::StructSchema params;
  capnp::StructSchema results;
};

// Immutable once filled: any thread.
class SchemaSet {
 public:
  // A manifest's message, as proto/manifest.capnp lays it out. What capnp does not accept is left out: its methods are
  // not found. Never throws kj's exceptions.
  void add(std::span<const std::byte> manifest);

  // Null if there is none.
  const MethodSchema* find(std::uint64_t interfaceId, std::uint16_t ordinal) const;

 private:
  std::vector<std::unique_ptr<capnp::SchemaLoader>>
      loaders_;  // one a contract: they may know different versions of a type
  std::map<std::uint64_t, std::vector<MethodSchema>> methods_;
};

}  // namespace bulkhead::oracle
