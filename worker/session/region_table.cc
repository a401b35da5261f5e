#include "worker/session/region_table.h"

#include <utility>

namespace bulkhead::worker {

void RegionTable::add(std::uint64_t id, Entry region) {
  const std::lock_guard lock(mutex_);
  regions_.insert_or_assign(id, std::move(region));
  arrived_.notify_all();
}

void RegionTable::remove(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  regions_.erase(id);
}

RegionTable::Entry RegionTable::await(std::uint64_t id) {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return regions_.contains(id); });
  return regions_.at(id);
}

}  // namespace bulkhead::worker
