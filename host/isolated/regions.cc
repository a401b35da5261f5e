#include "host/isolated/regions.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace bulkhead::isolated {
namespace {

// What a lane may keep for later: above this a region goes back at once.
constexpr std::uint64_t kKeptBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::uint64_t regionBytes(std::uint64_t bytes) noexcept {
  return bytes <= kMiB ? std::bit_ceil(std::max<std::uint64_t>(bytes, 64 * 1024)) : (bytes + kMiB - 1) / kMiB * kMiB;
}

}  // namespace

Result<void> LaneRegions::checkSize(std::uint64_t bytes) const {
  if (bytes <= maxMessageBytes_) return {};
  return Error(ErrorKind::messageTooLarge, "a message of " + std::to_string(bytes) + " bytes is over the cap of " +
                                               std::to_string(maxMessageBytes_) +
                                               " bytes: raise IsolatedOptions::maxMessageBytes or send less");
}

Result<LaneRegions::Entry> LaneRegions::make(std::uint64_t bytes, memory::Access access) {
  auto region = memory::Region::create(regionBytes(bytes), access);
  if (!region) return std::move(region).error();
  Entry entry{link_.newId(), true, std::make_unique<memory::Region>(*std::move(region))};
  if (auto sent = link_.announce(entry.id, *entry.region); !sent) return std::move(sent).error();
  entry.region->closeDescriptor();
  return entry;
}

Result<std::uint32_t> LaneRegions::acquire(std::uint64_t bytes) {
  if (auto fits = checkSize(bytes); !fits) return std::move(fits).error();
  Entry* best = nullptr;
  for (Entry& entry : outgoing_) {
    if (entry.inUse || entry.region->size() < bytes) continue;
    if (best == nullptr || entry.region->size() < best->region->size()) best = &entry;
  }
  if (best != nullptr) {
    best->inUse = true;
    return best->id;
  }
  // A free one that is too small would only pile up.
  std::erase_if(outgoing_, [this](Entry& entry) {
    if (!entry.inUse) link_.retire(entry.id);
    return !entry.inUse;
  });
  auto entry = make(bytes, memory::Access::hostWrites);
  if (!entry) return std::move(entry).error();
  outgoing_.push_back(*std::move(entry));
  return outgoing_.back().id;
}

std::byte* LaneRegions::outgoing(std::uint32_t id) noexcept {
  const auto found =
      std::find_if(outgoing_.begin(), outgoing_.end(), [&](const Entry& entry) { return entry.id == id; });
  return found == outgoing_.end() ? nullptr : found->region->data();
}

void LaneRegions::release(std::uint32_t id) {
  const auto found =
      std::find_if(outgoing_.begin(), outgoing_.end(), [&](const Entry& entry) { return entry.id == id; });
  if (found == outgoing_.end()) return;
  found->inUse = false;
  if (found->region->size() <= kKeptBytes) return;
  link_.retire(id);
  outgoing_.erase(found);
}

Result<std::uint32_t> LaneRegions::provideIncoming(std::uint64_t bytes) {
  if (auto fits = checkSize(bytes); !fits) return std::move(fits).error();
  if (incoming_.region != nullptr && incoming_.region->size() >= bytes) return incoming_.id;
  if (incoming_.region != nullptr) link_.retire(incoming_.id);
  incoming_ = {};
  auto entry = make(bytes, memory::Access::workerWrites);
  if (!entry) return std::move(entry).error();
  incoming_ = *std::move(entry);
  return incoming_.id;
}

const memory::Region* LaneRegions::incoming(std::uint32_t id) const noexcept {
  return incoming_.region != nullptr && incoming_.id == id ? incoming_.region.get() : nullptr;
}

void LaneRegions::releaseIncoming() {
  if (incoming_.region == nullptr || incoming_.region->size() <= kKeptBytes) return;
  link_.retire(incoming_.id);
  incoming_ = {};
}

}  // namespace bulkhead::isolated
