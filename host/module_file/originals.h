// Which file a private copy was made of, for those who meet the copy as a path: stacks, diagnoses.
#pragma once

#include <string>

namespace bulkhead::module_file {

// Any thread. forget() of a copy that was never remembered does nothing.
void rememberOriginal(const std::string& copy, const std::string& original);
void forgetOriginal(const std::string& copy) noexcept;
// Empty when there is no such copy.
std::string originalOf(const std::string& copy);

}  // namespace bulkhead::module_file
