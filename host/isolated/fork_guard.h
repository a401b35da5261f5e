// A host that forks: the child must hold nothing of ours. Regions do not exist there (memory/region.h); descriptors are
// closed here; and everything of ours is marked unusable.
#pragma once

#include <bulkhead/error.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace bulkhead::isolated::fork_guard {

// Counts the forks between the process that first started a worker and this one. What was made under another number
// belongs to a parent: its threads do not exist here. Cheap: for every call.
inline std::atomic<std::uint32_t> epoch{0};

// What the child gets who uses an object of its parent's.
Error unavailable();

// A descriptor that a forked child closes. Any thread; not in a child.
void add(int fd);
void remove(int fd);

// Keeps an object of the parent's from being destroyed: it would wait for threads that are not there, and close
// descriptors whose numbers may mean others by now.
void abandon(std::shared_ptr<const void> object);

}  // namespace bulkhead::isolated::fork_guard
