#include "shared/lane/endpoint.h"

#include <array>
#include <bit>
#include <cstring>

namespace bulkhead::lane {
namespace {

using Words = std::array<std::uint64_t, sizeof(FrameHeader) / sizeof(std::uint64_t)>;

}  // namespace

Endpoint::Endpoint(std::byte* mine, const std::byte* theirs, std::uint32_t slotBytes,
                   const doorbell::Word* death) noexcept
    : mine_(mine), theirs_(theirs), slotBytes_(slotBytes), death_(death) {}

doorbell::Word& Endpoint::word(std::byte* slot, std::size_t offset) const noexcept {
  return *reinterpret_cast<doorbell::Word*>(slot + offset);
}

const doorbell::Word& Endpoint::word(const std::byte* slot, std::size_t offset) const noexcept {
  return *reinterpret_cast<const doorbell::Word*>(slot + offset);
}

std::uint32_t Endpoint::peerSequence() const noexcept { return word(theirs_, 0).load(std::memory_order_acquire); }

void Endpoint::post(FrameHeader frame) noexcept {
  std::memcpy(mine_ + sizeof frame.sequence, reinterpret_cast<const std::byte*>(&frame) + sizeof frame.sequence,
              sizeof frame - sizeof frame.sequence);
  // Pairs with the sleeper's store of `sleeping` and its second look at this sequence.
  doorbell::Word& sequence = word(mine_, 0);
  sequence.store(++posted_, std::memory_order_seq_cst);
  if (word(theirs_, slotBytes_ - kTailBytes).load(std::memory_order_seq_cst) != 0) doorbell::wake(sequence);
}

Arrival Endpoint::wait(std::int64_t deadlineNs) noexcept {
  const auto over = [this]() noexcept {
    return arrived() || (death_ != nullptr && death_->load(std::memory_order_relaxed) != 0);
  };
  if (!spin_.spin(over)) return sleep(deadlineNs);
  return arrived() ? Arrival::frame : Arrival::peerDead;
}

Arrival Endpoint::sleep(std::int64_t deadlineNs) noexcept {
  doorbell::Word& sleeping = word(mine_, slotBytes_ - kTailBytes);
  sleeping.store(1, std::memory_order_seq_cst);
  Arrival result = Arrival::frame;
  // Pairs with the poster's store of the sequence and its look at `sleeping`.
  while (word(theirs_, 0).load(std::memory_order_seq_cst) == taken_) {
    if (death_ != nullptr && death_->load(std::memory_order_acquire) != 0) {
      result = Arrival::peerDead;
      break;
    }
    const doorbell::Wait woken = death_ == nullptr
                                     ? doorbell::wait(word(theirs_, 0), taken_, deadlineNs)
                                     : doorbell::waitAny(word(theirs_, 0), taken_, *death_, 0, deadlineNs);
    if (woken == doorbell::Wait::timedOut && !arrived()) {
      result = Arrival::timedOut;
      break;
    }
  }
  sleeping.store(0, std::memory_order_relaxed);
  return result;
}

Untrusted<FrameHeader> Endpoint::take() noexcept {
  // The peer may write at any time: each word is loaded once, and nothing is looked at a second time.
  Words words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = __atomic_load_n(reinterpret_cast<const std::uint64_t*>(theirs_) + i, __ATOMIC_ACQUIRE);
  }
  ++taken_;
  return Untrusted<FrameHeader>(std::bit_cast<FrameHeader>(words));
}

}  // namespace bulkhead::lane
