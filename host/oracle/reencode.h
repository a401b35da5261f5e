// One message taken apart and put together again by capnp's dynamic API, field by field.
#pragma once

#include <bulkhead/abi.h>

#include <capnp/schema.h>

#include <optional>
#include <string>

namespace bulkhead::oracle {

// Walks every field of a message (one segment, size in words) whose root is a struct of `receiver`'s version. What
// capnp finds wrong, or nothing.
std::optional<std::string> walk(BulkheadBytes message, capnp::StructSchema receiver);

// Walks it as a struct of its sender's version, builds it anew, and compares both in canonical form. What is wrong or
// differs, or nothing. A message that holds what the sender's schema does not know (it passed on a struct of a newer
// version) is compared by its values.
std::optional<std::string> compareReencoded(BulkheadBytes message, capnp::StructSchema sender);

}  // namespace bulkhead::oracle
