// Which file of this process an address belongs to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bulkhead::symbols {

// An executable or library as the dynamic loader mapped it.
struct MappedObject {
  std::string path;         // to read; empty: the address is in none
  std::string name;         // what people call it: `path`, except for the executable's
  std::uintptr_t bias = 0;  // an address less this is the file's own numbering
};

// One for each address, in their order. Takes the dynamic loader's lock on its list, so never in a signal handler.
std::vector<MappedObject> mappedObjects(std::span<const std::uintptr_t> addresses);

}  // namespace bulkhead::symbols
