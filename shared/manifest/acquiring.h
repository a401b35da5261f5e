// What of libc acquires something that outlives a call, as names of dynamic symbols.
#pragma once

#include <string_view>

namespace bulkhead::manifest {

// Of the C heap: wrapped by the hooks of a module with heap tracking.
bool isHeapFunction(std::string_view name);

// Acquires something and is wrapped by no hook: the ledger does not see what it gives. The deny list.
bool isUnseenByHooks(std::string_view name);

}  // namespace bulkhead::manifest
