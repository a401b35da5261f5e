// The subcommands of `bulkhead`: each declares its options and sets `status` when it ran.
#pragma once

#include "host/tool/exit_status.h"

#include <CLI/CLI.hpp>

namespace bulkhead::tool {

void addCall(CLI::App& app, ExitStatus& status);
void addInspect(CLI::App& app, ExitStatus& status);

}  // namespace bulkhead::tool
