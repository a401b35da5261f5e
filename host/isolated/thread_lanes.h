// Which lane of which session a host thread holds: it keeps one worker thread, so that thread-local state in the module
// behaves as in-process.
#pragma once

#include "host/isolated/host_lane.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace bulkhead::isolated {

class Session;

namespace thread_lanes {

// The calling thread's lane of the session with this serial number, or null. A few instructions in the common case.
HostLane* find(std::uint64_t serial) noexcept;

// Remembers it; at the thread's end the lane goes back to its session, if that still lives.
void keep(std::uint64_t serial, HostLane& lane, std::weak_ptr<Session> session);

// Gives the calling thread's lanes back, as its end does: for pool threads, between tasks.
void releaseAll();

// Makes a lane the thread's own for a while: a pool thread that serves an import lane.
class Borrowed {
 public:
  Borrowed(std::uint64_t serial, HostLane& lane);
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed();
};

}  // namespace thread_lanes
}  // namespace bulkhead::isolated
