// Finding a method by what a person typed.
#pragma once

#include <bulkhead/generic.h>
#include <bulkhead/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::generic {

// GenericModule::find() over `methods`; `module` is its name for the errors.
Result<const GenericMethod*> findMethod(const std::vector<GenericMethod>& methods, std::string_view name,
                                        const std::string& module);

}  // namespace bulkhead::generic
