#include "host/isolated/lane_table.h"

#include "shared/clock.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace bulkhead::isolated {

LaneTable::LaneTable(LaneOwner& owner, LaneMemory memory, const doorbell::Word& death,
                     std::function<Result<void>(std::uint32_t)> open)
    : owner_(owner),
      memory_(std::move(memory)),
      death_(death),
      open_(std::move(open)),
      lanes_(memory_.laneCount + memory_.importLaneCount) {}

Result<HostLane*> LaneTable::make(std::uint32_t index) {
  const std::size_t offset = std::size_t{index} * memory_.slotBytes;
  for (memory::Region* region : {&memory_.hostRegion, &memory_.workerRegion}) {
    if (auto present = region->populate(offset, memory_.slotBytes); !present) return std::move(present).error();
  }
  lanes_[index] =
      std::make_unique<HostLane>(owner_, index,
                                 lane::Endpoint(memory_.hostRegion.data() + offset,
                                                memory_.workerRegion.data() + offset, memory_.slotBytes, &death_));
  return lanes_[index].get();
}

HostLane* LaneTable::takeFree() {
  if (!free_.empty()) {
    HostLane* const lane = free_.back();
    free_.pop_back();
    return lane;
  }
  const auto closed = std::find_if(closing_.begin(), closing_.end(), [](HostLane* lane) { return lane->closed(); });
  if (closed == closing_.end()) return nullptr;
  HostLane* const lane = *closed;
  closing_.erase(closed);
  return lane;
}

Result<HostLane*> LaneTable::acquire(std::int64_t deadlineNs, const detail::CancelScope* cancel) {
  using namespace std::chrono_literals;
  const detail::OnCancel wake(cancel, [this] {
    const std::lock_guard look(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (;;) {
    if (death_.load(std::memory_order_acquire) != 0) return owner_.deathError("");
    if (detail::isCancelled(cancel)) {
      return Error(ErrorKind::cancelled, "the caller cancelled it while it waited for a lane; nothing was called");
    }
    HostLane* lane = takeFree();
    if (lane == nullptr && made_ < memory_.laneCount) {
      auto fresh = make(made_);
      if (!fresh) return fresh;
      ++made_;
      lane = *fresh;
    }
    if (lane != nullptr) {
      if (auto opened = open_(lane->index()); !opened) {
        free_.push_back(lane);
        if (opened.error().kind() == ErrorKind::unavailable) return awaitDeath(lock, deadlineNs);
        return std::move(opened).error();
      }
      return lane;
    }
    if (deadlineNs != 0 && nowNs() >= deadlineNs) {
      return Error(ErrorKind::overloaded, "all " + std::to_string(memory_.laneCount) +
                                              " lanes are taken by other threads; nothing was called. Raise "
                                              "IsolatedOptions::maxLanes or call from fewer threads");
    }
    // A release wakes this; the end of a lane's thread is seen by looking.
    changed_.wait_for(lock, closing_.empty() ? 50ms : 1ms);
  }
}

// Its control socket is closed: it is about to be found dead, or it broke the connection off.
Error LaneTable::awaitDeath(std::unique_lock<std::mutex>& lock, std::int64_t deadlineNs) {
  using namespace std::chrono_literals;
  while (death_.load(std::memory_order_acquire) == 0) {
    if (deadlineNs != 0 && nowNs() >= deadlineNs) {
      const char* const text = "the worker closed its control socket; it is killed, the next call uses a fresh one";
      lock.unlock();
      owner_.condemn({ErrorKind::deadlineExceeded, {}, text});
      return Error(ErrorKind::deadlineExceeded, text);
    }
    changed_.wait_for(lock, 1ms);
  }
  return owner_.deathError("");
}

void LaneTable::release(HostLane& lane) {
  const std::lock_guard lock(mutex_);
  if (death_.load(std::memory_order_acquire) == 0) lane.close();
  closing_.push_back(&lane);
  changed_.notify_all();
}

// Without the lock: a lane that is found to break the rules under it condemns the session, which comes here. Who misses
// the wake looks again soon.
void LaneTable::wakeAll() { changed_.notify_all(); }

const char* LaneTable::inFlight() {
  const std::lock_guard lock(mutex_);
  for (const auto& lane : lanes_) {
    if (lane != nullptr && lane->method() != nullptr) return lane->method();
  }
  return nullptr;
}

Result<HostLane*> LaneTable::importLane(std::uint32_t index) {
  const std::lock_guard lock(mutex_);
  if (index < memory_.laneCount || index >= lanes_.size()) return nullptr;
  if (lanes_[index] != nullptr) return lanes_[index].get();
  return make(index);
}

void LaneTable::closeDescriptors() noexcept {
  memory_.hostRegion.closeDescriptor();
  memory_.workerRegion.closeDescriptor();
}

}  // namespace bulkhead::isolated
