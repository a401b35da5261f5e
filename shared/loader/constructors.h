// Runs the static constructors of a module whose file went through manifest::deferConstructors.
#pragma once

#include <bulkhead/result.h>

#include <string_view>

struct link_map;

namespace bulkhead::loader {

// Does nothing if the dynamic loader ran them. Fails with loadFailed when one throws, with the exception's type and
// text: the module is then half constructed and fit only for dlclose.
Result<void> runDeferredConstructors(const link_map& object, std::string_view where);

// Runs its destructor functions, the destructors of static objects among them, as dlclose would. False when they were
// left to the dynamic loader: then nothing was run.
bool runDeferredDestructors(const link_map& object) noexcept;

}  // namespace bulkhead::loader
