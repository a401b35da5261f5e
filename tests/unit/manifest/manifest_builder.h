// Manifests as the plugin would write them.
#pragma once

#include "proto/manifest.capnp.h"
#include "tests/unit/manifest/elf_builder.h"

#include <bulkhead/abi.h>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::testing {

struct MethodSpec {
  std::string name;
  std::string signature;
  std::string cSignature;
};
struct InterfaceSpec {
  std::uint64_t id = 0;
  std::string name;
  bool imports = false;
  std::vector<MethodSpec> methods;
};
struct ContractSpec {
  std::string name;
  std::vector<InterfaceSpec> interfaces;
  std::uint32_t abiVersion = BULKHEAD_ABI_VERSION;
};

inline Bytes toBytes(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  const auto* start = reinterpret_cast<const std::byte*>(bytes.begin());
  return {start, start + bytes.size()};
}

inline Bytes manifestMessage(const ContractSpec& contract) {
  capnp::MallocMessageBuilder message(1 << 16);
  auto root = message.initRoot<manifest::schema::Manifest>();
  root.setContract(contract.name);
  root.setAbiVersion(contract.abiVersion);
  auto interfaces = root.initInterfaces(static_cast<unsigned>(contract.interfaces.size()));
  for (unsigned i = 0; i < contract.interfaces.size(); ++i) {
    const InterfaceSpec& spec = contract.interfaces[i];
    interfaces[i].setId(spec.id);
    interfaces[i].setName(spec.name);
    interfaces[i].setRole(spec.imports ? manifest::schema::Role::IMPORTS : manifest::schema::Role::EXPORTS);
    auto methods = interfaces[i].initMethods(static_cast<unsigned>(spec.methods.size()));
    for (unsigned m = 0; m < spec.methods.size(); ++m) {
      methods[m].setName(spec.methods[m].name);
      methods[m].setSignature(spec.methods[m].signature);
      methods[m].setCSignature(spec.methods[m].cSignature);
    }
  }
  return toBytes(message);
}

// The descriptor of a contract note.
inline Bytes contractNote(const Bytes& message, std::uint32_t version = 1) {
  constexpr std::size_t kPrefix = 2 * sizeof(std::uint32_t);
  Bytes note(kPrefix + message.size());
  ElfBuilder::put(note, 0, version);
  std::copy(message.begin(), message.end(), note.begin() + kPrefix);
  return note;
}

inline MethodSpec addMethod() { return {"add", "add(a: Int32, b: Int32) -> (sum: Int32)", "(i32, i32) -> (i32)"}; }
inline MethodSpec greetMethod() { return {"greet", "greet(name: Text) -> (text: Text)", "(text) -> (text)"}; }
inline ContractSpec calcContract() {
  return {"calc", {{0xca1cca1cca1cca1cu, "Calc", false, {addMethod(), greetMethod()}}}};
}

// A module file with one contract.
inline ElfBuilder moduleFile(const ContractSpec& contract = calcContract()) {
  ElfBuilder elf;
  elf.notes.push_back({"BULKHEAD", 1, contractNote(manifestMessage(contract))});
  return elf;
}

}  // namespace bulkhead::testing
