// Which ancestor a part of a contract was inherited from.
#pragma once

#include "shared/manifest/manifest.h"

#include <string>
#include <vector>

namespace bulkhead::manifest {

// One entry for each of the contract's interfaces: the name of the ancestor whose methods it holds, as the schema has
// it ("Lifecycle"; unprintable before detail::printable), or nothing for an interface of the contract itself. What the
// schema nodes do not tell is "?". Never throws.
std::vector<std::string> ancestorsOf(const Contract& contract);

}  // namespace bulkhead::manifest
