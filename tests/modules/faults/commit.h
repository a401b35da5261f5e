// The misdeeds of the faults module.
#pragma once

#include "faults.table.h"

#include <string>
#include <string_view>

// Returns only for those faults that let a call return.
void commit(faults::Fault fault);

// What the worker sees of itself: see Faults.look.
std::string look(std::string_view what);
// Where the region that only the host may write is mapped, or null.
char* hostRegion();
