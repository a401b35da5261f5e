// What saves the state of a module's object and what restores it.
#pragma once

#include "proto/plugin/model.h"

namespace bulkhead::plugin {

// Throws SchemaError unless `interface` has one method of each kind that fit each other, or none of either.
void validateState(const Contract& contract, const Interface& interface);

}  // namespace bulkhead::plugin
