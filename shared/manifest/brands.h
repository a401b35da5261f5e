// What generics are bound to. capnp's loader compares the versions of a type and leaves that out.
#pragma once

#include <capnp/schema.capnp.h>

namespace bulkhead::manifest {

// Whether two brands of one type bind its parameters to the same types.
bool sameBrand(capnp::schema::Brand::Reader a, capnp::schema::Brand::Reader b);

// The same for two versions of a field's type: true where they differ in more than that.
bool sameBrands(capnp::schema::Type::Reader a, capnp::schema::Type::Reader b);

}  // namespace bulkhead::manifest
