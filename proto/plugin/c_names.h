// Names of the C library in the global namespace.
#pragma once

#include <string>

namespace bulkhead::plugin {

// A function, object or type of the C and POSIX headers that generated code, or a program around it, may include.
bool isGlobalCName(const std::string& name);

}  // namespace bulkhead::plugin
