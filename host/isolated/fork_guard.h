// A host that forks: the child must hold nothing of ours. Regions do not exist there (memory/region.h); descriptors are
// closed here; and everything of ours is marked unusable.
#pragma once

#include <atomic>

namespace bulkhead::isolated::fork_guard {

// Whether this process is a child that was forked after bulkhead started workers. Cheap: for every call.
inline std::atomic<bool> forked{false};

// A descriptor that a forked child closes. Any thread; not in a child.
void add(int fd);
void remove(int fd);

}  // namespace bulkhead::isolated::fork_guard
