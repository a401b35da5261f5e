// Whether a JSON value can be a parameter struct: what capnp's codec would take wrongly or refuse without saying where.
#pragma once

#include <capnp/compat/json.capnp.h>
#include <capnp/schema.h>

namespace bulkhead::generic {

// Throws Fault that names the place and what is expected there: "points[3].x: a number is expected, not text "a"".
// Afterwards JsonCodec decodes `value` as `type` without an error.
void checkArguments(capnp::json::Value::Reader value, capnp::StructSchema type);

}  // namespace bulkhead::generic
