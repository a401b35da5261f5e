// The lanes of one session: which exist, which are free, which host thread holds which.
#pragma once

#include "host/core/on_cancel.h"
#include "host/isolated/host_lane.h"
#include "shared/memory/region.h"

#include <bulkhead/result.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace bulkhead::isolated {

// The two regions and how they are cut into slots.
struct LaneMemory {
  memory::Region hostRegion;    // host->worker
  memory::Region workerRegion;  // worker->host
  std::uint32_t slotBytes;
  std::uint32_t laneCount;
  std::uint32_t importLaneCount;
};

// Thread-safe. Lanes live as long as the table.
class LaneTable {
 public:
  // `open` tells the worker to serve a lane.
  LaneTable(LaneOwner& owner, LaneMemory memory, const doorbell::Word& death,
            std::function<Result<void>(std::uint32_t lane)> open);

  // A lane for the calling thread alone, until release(). Blocks while all are taken, until `deadlineNs` (0: none), the
  // worker's death or until `cancel` (may be null) is requested. Errors: overloaded, cancelled, resourceExhausted, the
  // death's.
  Result<HostLane*> acquire(std::int64_t deadlineNs, const detail::CancelScope* cancel = nullptr);
  // The lane's thread in the worker ends, and with it the module's thread-local objects. From any thread, while the
  // lane is idle.
  void release(HostLane& lane);
  // Wakes those who wait for a lane: the worker is dead.
  void wakeAll();
  // A method that is under way on some lane, or null.
  const char* inFlight();

  // The lane of a hint, or null when it is none of the import lanes. Makes its memory present.
  Result<HostLane*> importLane(std::uint32_t index);

  const memory::Region& hostRegion() const noexcept { return memory_.hostRegion; }
  const memory::Region& workerRegion() const noexcept { return memory_.workerRegion; }
  void closeDescriptors() noexcept;

 private:
  Result<HostLane*> make(std::uint32_t index);
  HostLane* takeFree();
  Error awaitDeath(std::unique_lock<std::mutex>& lock, std::int64_t deadlineNs);

  LaneOwner& owner_;
  LaneMemory memory_;
  const doorbell::Word& death_;
  const std::function<Result<void>(std::uint32_t)> open_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<HostLane>> lanes_;  // by index; null until first used
  std::uint32_t made_ = 0;                        // lanes [0, made_) were used
  std::vector<HostLane*> closing_;                // released, their threads may not have ended
  std::vector<HostLane*> free_;                   // without a thread
};

}  // namespace bulkhead::isolated
