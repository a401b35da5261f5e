// The entry table of a loaded module: is it what the ABI says, as far as can be seen without calling it?
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/result.h>

#include <string_view>

namespace bulkhead::loader {

// Checks versions, sizes, counts and that nothing required is null, so that a module built against another Bulkhead, or
// with a mangled table, is an error and not a jump to nowhere. Fails with loadFailed. `where` is how errors call the
// file.
Result<void> checkEntry(const BulkheadModule* module, std::string_view where);

}  // namespace bulkhead::loader
