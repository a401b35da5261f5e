// One side of a lane: posts frames into its own slot, waits for those in the other's. The same code on both sides; what
// the host reads from a worker leaves here only as Untrusted.
#pragma once

#include "shared/doorbell/futex.h"
#include "shared/doorbell/spin.h"
#include "shared/lane/frame.h"
#include "shared/untrusted.h"

#include <cstddef>
#include <cstdint>

namespace bulkhead::lane {

enum class Arrival : std::uint8_t { frame, timedOut, peerDead };

// Used by one thread at a time (hand-over needs synchronisation). Does not own the memory.
class Endpoint {
 public:
  // `mine` is this side's slot (writable), `theirs` the other side's; both `slotBytes` long and zero at first.
  // `death` (may be null) ends waits once it is not zero: private to this process.
  Endpoint(std::byte* mine, const std::byte* theirs, std::uint32_t slotBytes, const doorbell::Word* death) noexcept;

  std::byte* slot() noexcept { return mine_; }
  const std::byte* peerSlot() const noexcept { return theirs_; }
  std::uint32_t slotBytes() const noexcept { return slotBytes_; }

  // Publishes a frame and passes the turn. Its payload is in place, or `gathered`: to be copied to `frame.place` in
  // this slot. `frame.sequence` is set here. Never blocks.
  void post(FrameHeader frame, const std::uint64_t* gathered = nullptr) noexcept;

  // The sequence of the frame posted last.
  std::uint32_t postedSequence() const noexcept { return posted_; }

  // The word `cancelled` of either slot. Setting it: from any thread.
  void setCancelled(bool cancelled) noexcept;
  const std::int32_t* peerCancelled() const noexcept;

  // Whether a frame is there that was not taken.
  bool arrived() const noexcept { return peerSequence() != taken_; }
  // Blocks until a frame arrives, the deadline (CLOCK_MONOTONIC; 0: none) passes or the peer is dead. A frame that is
  // there wins over both others.
  Arrival wait(std::int64_t deadlineNs) noexcept;
  // The frame that arrived, its header read exactly once. Its sequence must be expectedSequence().
  Untrusted<FrameHeader> take() noexcept;
  std::uint32_t expectedSequence() const noexcept { return taken_; }

 private:
  doorbell::Word& word(std::byte* slot, std::size_t offset) const noexcept;
  const doorbell::Word& word(const std::byte* slot, std::size_t offset) const noexcept;
  std::uint32_t peerSequence() const noexcept;
  bool sharesCpuWithPeer() noexcept;
  Arrival sleep(std::int64_t deadlineNs) noexcept;

  std::byte* mine_;
  const std::byte* theirs_;
  std::uint32_t slotBytes_;
  const doorbell::Word* death_;
  std::uint32_t posted_ = 0;  // this side's sequence
  std::uint32_t taken_ = 0;   // the other side's, as far as taken
  doorbell::SpinPolicy spin_;
  std::uint32_t cpu_ = 0;  // as published for the peer
};

}  // namespace bulkhead::lane
