// The environment of a worker.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::isolated {

// "NAME=value" lines for a worker: of this process's environment TZ, LANG and LC_* alone; in sanitizer builds also what
// steers sanitizers and coverage. Reads the environment: the caller sees to it that no thread changes it meanwhile.
std::vector<std::string> workerEnvironment();

// Whether a worker may see the variable of this name.
bool passesToWorker(std::string_view name) noexcept;

}  // namespace bulkhead::isolated
