#include "shared/manifest/manifest.h"

#include "proto/manifest.capnp.h"
#include "shared/manifest/bounded_file.h"

#include <capnp/serialize.h>
#include <kj/exception.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <set>

namespace bulkhead::manifest {
namespace {

Error notAModule(std::string_view where, std::string_view predicate) {
  return Error(ErrorKind::notAModule, std::string(where).append(" ").append(predicate));
}

// Names end up in error messages and on terminals: no control characters.
std::string takeText(capnp::Text::Reader text, const char* what) {
  if (text.size() > kMaxTextBytes) throw Corrupt(std::string("has a corrupt manifest: ") + what + " is too long");
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), isControl)) {
    throw Corrupt(std::string("has a corrupt manifest: ") + what + " holds control characters");
  }
  return {text.begin(), text.size()};
}

Method takeMethod(schema::Method::Reader method) {
  return {.name = takeText(method.getName(), "a method's name"),
          .signature = takeText(method.getSignature(), "a method's signature"),
          .cSignature = takeText(method.getCSignature(), "a method's C signature"),
          .deadlineMs = method.getDeadlineMs(),
          .idempotent = method.getIdempotent(),
          .serialized = method.getSerialized(),
          .savesState = method.getSavesState(),
          .restoresState = method.getRestoresState()};
}

Interface takeInterface(schema::Interface::Reader source) {
  Interface result;
  result.id = source.getId();
  result.name = takeText(source.getName(), "an interface's name");
  switch (source.getRole()) {
    case schema::Role::EXPORTS: result.role = Role::exports; break;
    case schema::Role::IMPORTS: result.role = Role::imports; break;
    default: throw Corrupt("has a corrupt manifest: the role of interface " + result.name + " is unknown");
  }
  const auto methods = source.getMethods();
  if (methods.size() > kMaxMethods) throw Corrupt("has a corrupt manifest: too many methods in " + result.name);
  result.methods.reserve(methods.size());
  for (const auto method : methods) result.methods.push_back(takeMethod(method));
  return result;
}

// Whole words of 8 bytes, copied: a note need not be aligned, and the copy is what generic calls keep.
std::vector<std::uint64_t> takeWords(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.size() % sizeof(std::uint64_t) != 0 || bytes.size() > kMaxNoteBytes) {
    throw Corrupt("has a corrupt manifest: its size makes no sense");
  }
  std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

Contract takeContract(std::span<const std::byte> bytes) {
  Contract result;
  result.message = takeWords(bytes);
  const kj::ArrayPtr<const capnp::word> words(reinterpret_cast<const capnp::word*>(result.message.data()),
                                              result.message.size());
  // Every word is looked at once at most; a message whose pointers overlap runs out of this budget.
  capnp::FlatArrayMessageReader reader(words, {.traversalLimitInWords = words.size(), .nestingLimit = 8});
  if (reader.getEnd() != words.end()) throw Corrupt("has a corrupt manifest: bytes follow its message");
  const auto root = reader.getRoot<schema::Manifest>();
  result.name = takeText(root.getContract(), "the contract's name");
  result.abiVersion = root.getAbiVersion();
  const auto interfaces = root.getInterfaces();
  if (interfaces.size() == 0 || interfaces.size() > kMaxInterfaces) {
    throw Corrupt("has a corrupt manifest: a contract has one interface at least and " +
                  std::to_string(kMaxInterfaces) + " at most");
  }
  for (const auto source : interfaces) result.interfaces.push_back(takeInterface(source));
  if (root.getNodes().size() > kMaxNodes) throw Corrupt("has a corrupt manifest: too many schema nodes");
  return result;
}

std::uint32_t readNumber(const ElfNote& note, std::size_t offset) {
  std::uint32_t number = 0;
  std::memcpy(&number, note.description.data() + offset, sizeof number);
  return number;
}

Result<Contract> contractOfNote(const ElfNote& note, std::string_view where) {
  constexpr std::size_t kPrefix = 2 * sizeof(std::uint32_t);
  if (note.description.size() < kPrefix) return notAModule(where, "has a corrupt manifest: a note is too short");
  const std::uint32_t version = readNumber(note, 0);
  if (version != kFormatVersion) {
    return notAModule(where, "has a manifest of format " + std::to_string(version) +
                                 ", and this Bulkhead reads format " + std::to_string(kFormatVersion) +
                                 ": build both with the same version of Bulkhead");
  }
  return decodeContract(std::span(note.description).subspan(kPrefix), where);
}

// Lines "key=value\n"; what does not look like one is left out: it only informs.
void takeBuild(const ElfNote& note, Manifest& manifest) {
  constexpr std::size_t kMaxLines = 64;
  std::string_view text(reinterpret_cast<const char*>(note.description.data()), note.description.size());
  text = text.substr(0, text.find('\0'));
  while (!text.empty() && manifest.build.size() < kMaxLines) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (equals == std::string_view::npos || line.size() > kMaxTextBytes) continue;
    if (std::any_of(line.begin(), line.end(), isControl)) continue;
    manifest.build.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
}

Result<void> checkWhole(const Manifest& manifest, std::string_view where) {
  if (manifest.contracts.empty()) {
    return notAModule(where, "has no Bulkhead manifest: it was not built with bulkhead_add_module");
  }
  std::size_t methods = 0;
  std::size_t interfaces = 0;
  std::set<std::uint64_t> ids;
  for (const Contract& contract : manifest.contracts) {
    interfaces += contract.interfaces.size();
    for (const Interface& interface : contract.interfaces) {
      if (!ids.insert(interface.id).second) {
        return notAModule(where, "has a corrupt manifest: interface " + interface.name + " is declared twice");
      }
      methods += interface.methods.size();
    }
  }
  if (interfaces > kMaxInterfaces) return notAModule(where, "has a corrupt manifest: too many interfaces");
  if (methods > kMaxMethods) return notAModule(where, "has a corrupt manifest: too many methods");
  return {};
}

}  // namespace

const Interface* Manifest::find(std::uint64_t interfaceId) const {
  for (const Contract& contract : contracts) {
    for (const Interface& interface : contract.interfaces) {
      if (interface.id == interfaceId) return &interface;
    }
  }
  return nullptr;
}

Result<Contract> decodeContract(std::span<const std::byte> message, std::string_view where) {
  try {
    return takeContract(message);
  } catch (const Corrupt& corrupt) {
    return notAModule(where, corrupt.what());
  } catch (const kj::Exception& exception) {
    return notAModule(where, std::string("has a corrupt manifest: ") + exception.getDescription().cStr());
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resourceExhausted, std::string(where).append(": no memory to read its manifest"));
  }
}

Result<Manifest> readManifest(const ElfFile& file, std::string_view where) {
  Manifest manifest;
  for (const ElfNote& note : file.notes) {
    if (note.name != kNoteName) continue;
    if (note.type == kBuildNote) takeBuild(note, manifest);
    if (note.type != kContractNote) continue;
    if (manifest.contracts.size() == kMaxContracts)
      return notAModule(where, "has a corrupt manifest: too many contracts");
    Result<Contract> contract = contractOfNote(note, where);
    if (!contract) return contract.error();
    manifest.contracts.push_back(std::move(*contract));
  }
  const Result<void> whole = checkWhole(manifest, where);
  if (!whole) return whole.error();
  return manifest;
}

Result<Manifest> readManifest(int fd, std::string_view where) {
  const Result<ElfFile> file = readElf(fd, where);
  if (!file) return file.error();
  return readManifest(*file, where);
}

Result<Manifest> readManifest(const std::string& path) {
  const Result<ElfFile> file = readElf(path);
  if (!file) return file.error();
  return readManifest(*file, path);
}

}  // namespace bulkhead::manifest
