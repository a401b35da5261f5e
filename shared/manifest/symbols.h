// The dynamic symbols of a shared object: what it asks of others and what it shows them.
#pragma once

#include <bulkhead/result.h>

#include <string_view>
#include <vector>

namespace bulkhead::manifest {

struct Symbols {
  Symbols() = default;
  Symbols(Symbols&&) = default;
  Symbols& operator=(Symbols&&) = default;

  std::vector<char> text;  // what the names point into
  // Mangled, in the file's order, without versions; they may hold any bytes but NUL.
  std::vector<std::string_view> imported;
  std::vector<std::string_view> exported;
  std::vector<std::string_view> unique;  // defined STB_GNU_UNIQUE; not among `exported`
  bool known = false;                    // false: no section table, so nothing was found
};

// Reads those of the file behind `fd`, which readElf accepted: hostile all the same, each offset is checked and memory
// is capped. `where` is how errors call it. Fails with notAModule.
Result<Symbols> readSymbols(int fd, std::string_view where);

}  // namespace bulkhead::manifest
