// Values of a schema as C++ source.
#pragma once

#include "proto/plugin/model.h"

#include <cstdint>
#include <string>

namespace bulkhead::plugin {

std::string integerLiteral(std::uint64_t bits, bool isSigned);  // sign-extended to 64 bits
std::string floatLiteral(std::uint64_t bits, bool isDouble);    // exact; may need <limits>
std::string scalarLiteral(Kind kind, std::uint64_t bits);       // bits as the field's width has them
std::string bytesLiteral(const std::string& bytes);             // "\"abc\", 3", to go between braces
std::string upperName(const std::string& name);                 // "maxSize" as capnp's generator spells it: MAX_SIZE

}  // namespace bulkhead::plugin
