// The call guard: a call pins the binding it entered, at the cost of a few instructions on memory of its own thread.
//
// Every live binding has a guard id; every thread has an array of counters indexed by guard id. A call increments its
// own counter, then looks again whether the slot still holds the binding: the increment and the second look need no
// fence, because whoever swaps bindings issues a membarrier(2) between the swap and its first look at the counters,
// which is a full fence on every running thread of the process. So either the swapper sees the counter, or the call
// sees the swap.
#pragma once

#include <bulkhead/abi.h>

#include <atomic>
#include <cstdint>

namespace bulkhead::detail {

// What a thread keeps for its calls. Trivial and constant-initialised: an access costs no initialisation check.
struct CallThread {
  std::atomic<std::uint32_t>* counters = nullptr;  // indexed by guard id; null until the thread's first call
  std::int64_t wallDeadlineNs = 0;                 // CLOCK_MONOTONIC limit set by Handle::within(); 0: none
  std::uint32_t importDepth = 0;                   // imports under way on this thread
};
inline constinit thread_local CallThread callThread;

// Gives the calling thread its counters (reused after thread exit). Aborts the process when the system has no memory
// left for them: there is no call to fail yet at that point of the thread's life.
std::atomic<std::uint32_t>* registerCallThread();

// Counters per thread; ids run from 0.
inline constexpr std::uint32_t kGuardIds = 1u << 16;

// What a slot points to: the table that calls go to right now. Type-stable: a slot's bindings live as long as the
// slot's module record, so a call may look at a binding that was just swapped out.
struct alignas(64) Binding {
  enum Flags : std::uint32_t {
    kNotLive = 1u << 0,     // no table: starting, restarting, failed or unloaded
    kDeadline = 1u << 1,    // in-process with a default deadline: the call's end is compared with it
    kSerialized = 1u << 2,  // calls queue one at a time
    kHostMade = 1u << 3,    // the table is the host's own stub: its errors are the host's, its deadlines are kept
    kSlow = kNotLive | kDeadline | kSerialized,
  };

  const BulkheadTable* table = nullptr;
  void* self = nullptr;
  std::atomic<std::uint32_t> guardId{0};  // atomic: a call may look while a drained binding is prepared for reuse
  std::uint32_t flags = kNotLive;
  std::uint64_t generation = 0;
};

class ModuleSlot;

// One interface of one module: what a handle points to. Owned by its ModuleSlot.
struct InterfaceSlot {
  std::atomic<Binding*> binding;  // never null
  ModuleSlot* module = nullptr;   // null only in the slot of empty handles
  std::uint64_t interfaceId = 0;
};

// Keeps a binding from being unloaded. Lives on the stack of the calling thread.
class CallPin {
 public:
  explicit CallPin(const InterfaceSlot& slot) noexcept {
    std::atomic<std::uint32_t>* counters = callThread.counters;
    if (counters == nullptr) [[unlikely]] counters = registerCallThread();
    Binding* seen = slot.binding.load(std::memory_order_acquire);
    for (;;) {
      const std::uint32_t id = seen->guardId.load(std::memory_order_relaxed);
      counter_ = &counters[id];
      counter_->store(counter_->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      fence();
      Binding* const again = slot.binding.load(std::memory_order_acquire);
      // The id is looked at again because the same binding may have been drained and reused meanwhile.
      if (again == seen && seen->guardId.load(std::memory_order_relaxed) == id) [[likely]] break;
      unpin();
      seen = again;
    }
    binding_ = seen;
  }
  CallPin(const CallPin&) = delete;
  CallPin& operator=(const CallPin&) = delete;
  ~CallPin() { unpin(); }

  const Binding& binding() const noexcept { return *binding_; }

 private:
  // Only the compiler is held back here; the processor is held back by the swapping side's membarrier.
  static void fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
  void unpin() noexcept {
    // Release: what the call did happens before an unload that sees the counter at zero.
    counter_->store(counter_->load(std::memory_order_relaxed) - 1, std::memory_order_release);
  }

  std::atomic<std::uint32_t>* counter_;
  Binding* binding_;
};

}  // namespace bulkhead::detail
