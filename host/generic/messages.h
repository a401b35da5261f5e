// One call's messages from and to JSON.
#pragma once

#include <capnp/schema.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::generic {

// The parameter message: one segment, root pointer first. Throws Fault that says what is wrong with `json`.
std::vector<std::uint64_t> encodeArguments(std::string_view json, capnp::StructSchema type);

// JSON of the result message, which is hostile input. Throws Fault, kj::Exception.
std::string decodeResults(std::span<const std::uint64_t> message, capnp::StructSchema type, bool pretty);

}  // namespace bulkhead::generic
