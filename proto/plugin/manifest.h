// The manifest of a contract, as proto/manifest.capnp describes it.
#pragma once

#include "proto/plugin/model.h"
#include "proto/plugin/read.h"

#include <cstdint>
#include <vector>

namespace bulkhead::plugin {

// The message in capnp's standard framing, one segment. Takes the schema nodes from `reader`.
std::vector<std::uint64_t> buildManifest(const Contract& contract, const Reader& reader);

}  // namespace bulkhead::plugin
