#include "shared/lane/endpoint.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BULKHEAD_LANE_IS_TSAN
#endif
#elif defined(__SANITIZE_THREAD__)
#define BULKHEAD_LANE_IS_TSAN
#endif
#ifdef BULKHEAD_LANE_IS_TSAN
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace bulkhead::lane {
namespace {

// What one thread sent happens before what another thread receives in consequence, by way of the other process:
// ThreadSanitizer does not see that part of the way and is told.
#ifdef BULKHEAD_LANE_IS_TSAN
char otherProcess;
void sendsTo() noexcept { __tsan_release(&otherProcess); }
void receivedFrom() noexcept { __tsan_acquire(&otherProcess); }
#else
void sendsTo() noexcept {}
void receivedFrom() noexcept {}
#endif

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

void Endpoint::post(FrameHeader frame, const std::uint64_t* gathered) noexcept {
  sendsTo();
  frame.sequence = ++posted_;
  const Words header = std::bit_cast<Words>(frame);
  if (gathered != nullptr) {
    auto* const payload = reinterpret_cast<std::uint64_t*>(mine_ + frame.place);
    for (std::uint32_t i = 0; i < frame.words; ++i) payload[i] = gathered[i];
  }
  auto* const words = reinterpret_cast<std::uint64_t*>(mine_);
  for (std::size_t i = header.size() - 1; i > 0; --i) words[i] = header[i];
  // The sequence and its neighbours in one store. Pairs with the sleeper's store of `sleeping` and its second look at
  // this sequence.
  __atomic_store_n(words, header[0], __ATOMIC_SEQ_CST);
  if (word(theirs_, slotBytes_ - kTailBytes).load(std::memory_order_seq_cst) != 0) doorbell::wake(word(mine_, 0));
}

void Endpoint::setCancelled(bool cancelled) noexcept {
  word(mine_, slotBytes_ - kTailBytes + kCancelledOffset).store(cancelled ? 1 : 0, std::memory_order_seq_cst);
}

const std::int32_t* Endpoint::peerCancelled() const noexcept {
  return reinterpret_cast<const std::int32_t*>(theirs_ + slotBytes_ - kTailBytes + kCancelledOffset);
}

bool Endpoint::sharesCpuWithPeer() noexcept {
  const std::uint32_t cpu = doorbell::currentCpu() + 1;
  if (cpu != cpu_) {
    cpu_ = cpu;
    word(mine_, slotBytes_ - kTailBytes + kCpuOffset).store(cpu, std::memory_order_relaxed);
  }
  return word(theirs_, slotBytes_ - kTailBytes + kCpuOffset).load(std::memory_order_relaxed) == cpu;
}

Arrival Endpoint::wait(std::int64_t deadlineNs) noexcept {
  const auto over = [this]() noexcept {
    return arrived() || (death_ != nullptr && death_->load(std::memory_order_relaxed) != 0);
  };
  if (!over() && (sharesCpuWithPeer() || !spin_.spin(over))) return sleep(deadlineNs);
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
  receivedFrom();
  ++taken_;
  return Untrusted<FrameHeader>(std::bit_cast<FrameHeader>(words));
}

}  // namespace bulkhead::lane
