// Names that the schema language allows and the generated C++ cannot have.
#pragma once

#include "proto/plugin/model.h"

namespace bulkhead::plugin {

// Throws SchemaError for the first such name.
void validate(const Contract& contract);

}  // namespace bulkhead::plugin
