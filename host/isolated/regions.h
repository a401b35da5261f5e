// The memory behind one lane's large messages: regions that the host makes, in either direction.
#pragma once

#include "shared/memory/region.h"

#include <bulkhead/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace bulkhead::isolated {

// How a lane tells the worker about its regions. Both may be called from the lane's thread.
struct RegionLink {
  std::function<std::uint32_t()> newId;
  // Sends the descriptor; an error value when the worker is gone or does not read its control socket.
  std::function<Result<void>(std::uint32_t id, const memory::Region& region)> announce;
  std::function<void(std::uint32_t id)> retire;
};

// Outgoing regions stack up while frames that use them are alive; incoming there is one. Small ones are kept for the
// next large message, big ones go back to the system at once. Used by the lane's thread alone.
class LaneRegions {
 public:
  LaneRegions(const RegionLink& link, std::uint64_t maxMessageBytes) : link_(link), maxMessageBytes_(maxMessageBytes) {}

  // An outgoing region of at least `bytes`, marked as in use. Its memory is at outgoing(id).
  Result<std::uint32_t> acquire(std::uint64_t bytes);
  std::byte* outgoing(std::uint32_t id) noexcept;
  void release(std::uint32_t id);

  // The worker asks for `bytes` to write its next frame to. Replaces the incoming region if that is too small.
  Result<std::uint32_t> provideIncoming(std::uint64_t bytes);
  // The incoming region if it has this id, else null.
  const memory::Region* incoming(std::uint32_t id) const noexcept;
  // After its content was copied out.
  void releaseIncoming();

 private:
  struct Entry {
    std::uint32_t id = 0;
    bool inUse = false;
    std::unique_ptr<memory::Region> region;
  };
  Result<Entry> make(std::uint64_t bytes, memory::Access access);
  Result<void> checkSize(std::uint64_t bytes) const;

  const RegionLink& link_;
  const std::uint64_t maxMessageBytes_;
  std::vector<Entry> outgoing_;
  Entry incoming_;
};

}  // namespace bulkhead::isolated
