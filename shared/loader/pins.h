// What keeps a loaded object in memory whatever is closed.
#pragma once

#include "shared/manifest/elf_file.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::loader {

// The addresses of a loaded object.
struct Extent {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool contains(std::uintptr_t address) const noexcept { return address >= begin && address < end; }
};

struct Pin {
  enum class Kind : std::uint8_t { uniqueSymbol, noDelete, boundSymbols };
  Kind kind;
  std::string name;  // the symbol, or the library
  std::string text;  // for people, with the remedy
};

// Of the object whose memory starts at `base` and whose path is `path`; empty when it is not loaded.
Extent extentOf(std::uintptr_t base, const std::string& path);

// What is known to pin it: what its file says, and other objects that the dynamic loader bound to its symbols. Takes
// the dynamic loader's lock.
std::vector<Pin> findPins(const Extent& extent, const manifest::UnloadHints& hints);

}  // namespace bulkhead::loader
