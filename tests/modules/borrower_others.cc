// Every function that makes or ends a stream, a mapping, a signal handler and so on.
#include "tests/modules/borrower.h"

#include <cstdlib>
#include <string>

namespace borrower_module {

const char* existingPath() { return "/dev/null"; }

const char* freshPath() {
  static const std::string path = std::string(std::getenv("BORROWER_FOLDER")) + "/fresh";
  return path.c_str();
}

std::span<const Function> otherFunctions() { return {}; }

}  // namespace borrower_module
