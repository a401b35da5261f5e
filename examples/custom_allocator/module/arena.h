// The module's memory: all of its `new` come from here.
#pragma once

#include <cstddef>

struct ArenaUsage {
  std::size_t bytes;   // taken, also by blocks that are free again
  std::size_t blocks;  // in use
  std::size_t limit;   // bytes there are
};
ArenaUsage arenaUsage();
