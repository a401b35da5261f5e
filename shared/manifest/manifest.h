// The manifest of a module file: its contracts and how it was built, as proto/manifest.capnp lays them out. Read from
// the file alone, as hostile input; no code of the module runs.
#pragma once

#include "shared/manifest/elf_file.h"
#include "shared/manifest/limits.h"

#include <bulkhead/result.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::manifest {

inline constexpr std::string_view kNoteName = "BULKHEAD";
inline constexpr std::uint32_t kContractNote = 1;
inline constexpr std::uint32_t kBuildNote = 2;
inline constexpr std::uint32_t kFormatVersion = 1;  // of the contract note

enum class Role : std::uint8_t { exports, imports };  // which side implements it: the module, the host

struct Method {
  std::string name;
  std::string signature;   // for people
  std::string cSignature;  // equal exactly if the table entries can be called alike
  std::uint32_t deadlineMs = 0;
  bool idempotent = false;
  bool serialized = false;
  bool savesState = false;     // its results are the state of the module's object
  bool restoresState = false;  // its parameters are
};

struct Interface {
  std::uint64_t id = 0;
  std::string name;
  Role role = Role::exports;
  std::vector<Method> methods;  // element n has ordinal n
};

struct Contract {
  std::string name;
  std::uint32_t abiVersion = 0;
  std::vector<Interface> interfaces;
  std::vector<std::uint64_t> message;  // the whole capnp message, standard framing; its schema nodes are unchecked
};

struct Manifest {
  std::vector<Contract> contracts;
  std::vector<std::pair<std::string, std::string>> build;  // key, value: compiler, stdlib, sanitizers ...

  // Null if the module neither implements nor calls it.
  const Interface* find(std::uint64_t interfaceId) const;
};

// Decodes one contract: a capnp message in standard framing, at any alignment. `where` is how errors call its source.
// Fails with notAModule if it is malformed or over a limit. Never throws.
Result<Contract> decodeContract(std::span<const std::byte> message, std::string_view where);

// The manifest in the notes of `file`. Fails with notAModule: no manifest at all, a malformed one, one of a newer
// format, or one interface declared twice.
Result<Manifest> readManifest(const ElfFile& file, std::string_view where);

// The same from a file: readElf() first, with its errors.
Result<Manifest> readManifest(int fd, std::string_view where);
Result<Manifest> readManifest(const std::string& path);

}  // namespace bulkhead::manifest
