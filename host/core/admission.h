// Whether a module file fits this program, and what it becomes a ModuleContext with. No code of it runs.
#pragma once

#include "host/core/module_context.h"
#include "host/module_file/module_file.h"
#include "shared/manifest/manifest.h"

#include <bulkhead/host.h>
#include <bulkhead/imports.h>
#include <bulkhead/result.h>

#include <vector>

namespace bulkhead::detail {

// All of the context but `slot` and `options`. contractMismatch: its contracts are not those this program was compiled
// with, or it calls what `imports` does not have.
Result<ModuleContext> admit(module_file::ModuleFile file, const Imports& imports, MissingImports missing);

// Whether `next` may take the place of the version that says `before` of itself, and whose handles refer to `kept`.
// contractMismatch: an interface is missing, or a method's messages mean something else.
Result<void> admitAfter(const ModuleContext& next, const manifest::Manifest& before,
                        const std::vector<ServedInterface>& kept);

}  // namespace bulkhead::detail
