// The regions of this worker beside its lanes: they arrive on the control socket and are named by frames.
#pragma once

#include "shared/memory/region.h"

#include <bulkhead/result.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace bulkhead::worker {

// Thread-safe. A region stays mapped while somebody holds it.
class RegionTable {
 public:
  using Entry = Result<std::shared_ptr<memory::WorkerRegion>>;

  // What arrived under the id: a region, or why it could not be mapped.
  void add(std::uint64_t id, Entry region);
  void remove(std::uint64_t id);
  // The region a frame named. Blocks until it has arrived: frames overtake the control socket.
  Entry await(std::uint64_t id);

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::uint64_t, Entry> regions_;
};

}  // namespace bulkhead::worker
