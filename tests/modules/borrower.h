// The parts of the module "borrower": tables of functions, and steps.
#pragma once

#include <cstdint>
#include <span>

namespace borrower_module {

struct Keys {
  std::uint64_t key = 0;
  std::uint64_t more = 0;  // 0: there is one
};

struct Function {
  const char* name;             // in resources.wraps
  const char* call;             // what the ledger shows as its acquirer
  const char* kind;             // "descriptor", "stream", ...
  bool (*acquire)(Keys& keys);  // false: errno says why not
  void (*giveBack)(const Keys& keys);
};

std::span<const Function> descriptorFunctions();
std::span<const Function> otherFunctions();

// A path that is there, and one of a file that may be made there.
const char* existingPath();
const char* freshPath();

}  // namespace borrower_module
