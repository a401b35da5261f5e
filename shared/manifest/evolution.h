// Which methods of two versions of one interface still understand each other's messages: capnp's rules of evolution, on
// the schema nodes that both manifests carry.
#pragma once

#include "shared/manifest/manifest.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace bulkhead::manifest {

// Compares the messages of all methods of one interface. The application's manifest is trusted, the module's is not:
// a node that capnp refuses counts as a conflict of the methods that reach it. Never throws but for lack of memory.
class Evolution {
 public:
  // Both contracts have `interfaceId`. They are borrowed.
  Evolution(const Contract& app, const Contract& module, std::uint64_t interfaceId);
  ~Evolution();

  // Why messages of this method, which both sides have, mean different things to them: "Request: type changed". Empty
  // when they do not, or when neither side carries a schema.
  std::string conflict(std::uint16_t ordinal) const;
  // Whether both sides carry the method's schema.
  bool hasSchema(std::uint16_t ordinal) const;

 private:
  class Side;
  void compareNodes();

  std::unique_ptr<Side> app_, module_;
  std::map<std::uint64_t, std::string> conflicts_;  // by node
  bool identical_;
};

}  // namespace bulkhead::manifest
