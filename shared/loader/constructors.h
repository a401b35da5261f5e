// Runs the static constructors of a module whose file went through manifest::deferConstructors.
#pragma once

#include <bulkhead/result.h>

#include <string_view>

struct link_map;

namespace bulkhead::loader {

// Does nothing if the dynamic loader ran them. Fails with loadFailed when one throws, with the exception's type and
// text: the module is then half constructed and fit only for dlclose.
Result<void> runDeferredConstructors(const link_map& object, std::string_view where);

}  // namespace bulkhead::loader
