// The groups of lines, a file each.
#pragma once

#include "tests/bench/report.h"

namespace bench {

void measureInProcess(Run& run);
void measureIsolated(Run& run);  // hot and on one CPU
void measureBulk(Run& run);
void measureLifeCycle(Run& run);
void measureIdle(Run& run);

}  // namespace bench
