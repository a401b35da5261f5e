// What a manifest, and so a contract, may hold at most. The plugin stays below, the manifest's reader and the loader
// refuse more: proto/manifest.capnp states the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bulkhead::manifest {

// Of all contracts of a file together. Interfaces are the annotated ones and what they inherit.
inline constexpr std::size_t kMaxContracts = 64;
inline constexpr std::size_t kMaxInterfaces = 256;
inline constexpr std::size_t kMaxMethods = 4096;

inline constexpr std::size_t kMaxTextBytes = 4096;  // of a name or a signature

// Of one contract: its schema nodes, and its note with what precedes the message.
inline constexpr std::size_t kMaxNodes = 65536;
inline constexpr std::uint64_t kMaxNoteBytes = std::uint64_t{4} << 20;

}  // namespace bulkhead::manifest
