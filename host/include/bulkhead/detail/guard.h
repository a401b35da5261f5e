// The call guard: a call pins the binding it entered, at the cost of a few instructions on memory of its own thread.
//
// Every binding has a guard id, the same for its whole life; every thread has an array of marks indexed by guard id.
// A call writes its method there, then looks again whether the slot still holds the binding: the mark and the second
// look need no fence, because whoever swaps bindings issues a membarrier(2) between the swap and its first look at the
// marks, which is a full fence on every running thread of the process. So either the swapper sees the mark, or the call
// sees the swap. A binding that was drained and published again meanwhile is pinned like any other.
//
// The same mark says which call an import serves (bulkhead::servedCall): the caller's thread runs it.
#pragma once

#include <bulkhead/abi.h>

#include <atomic>
#include <cstdint>

namespace bulkhead::detail {

// A thread's innermost call under one guard id: 0 for none, else the address of its BulkheadMethod, with kAskedFor set
// once somebody asked for the id of this call.
using CallMark = std::uintptr_t;
inline constexpr CallMark kAskedFor = 1;

class CancelScope;
class ImportScope;
class SerialQueue;

// What a thread keeps for its calls. Trivial and constant-initialised: an access costs no initialisation check.
struct CallThread {
  // What plain calls use: `marks`, or null while a call must look closer (the thread's first one, and under a per-call
  // option), so that one test serves both.
  std::atomic<CallMark>* plainMarks = nullptr;
  std::atomic<CallMark>* marks = nullptr;  // indexed by guard id; null until the thread's first call
  std::int64_t wallDeadlineNs = 0;         // CLOCK_MONOTONIC limit set by within(); 0: none
  const CancelScope* cancel = nullptr;     // set by cancellable(); null: none
  const ImportScope* import = nullptr;     // the innermost one under way on this thread
  std::uint32_t importDepth = 0;           // imports under way on this thread
  bool scoped = false;                     // an in-process call of this thread has entered a BulkheadScope
  // Until when an idempotent call may be made again whose worker has just died under it; 0: it may not. Set by isolated
  // stubs right before they fail.
  std::int64_t retryUntilNs = 0;

  void optionsChanged() noexcept { plainMarks = wallDeadlineNs == 0 && cancel == nullptr ? marks : nullptr; }
};
inline constinit thread_local CallThread callThread;

// Gives the calling thread its marks (reused after thread exit). Aborts the process when the system has no memory
// left for them: there is no call to fail yet at that point of the thread's life.
std::atomic<CallMark>* registerCallThread();

// Marks per thread; ids run from 0.
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

  bool isPlain() const noexcept { return (flags & kSlow) == 0; }

  const BulkheadTable* table = nullptr;  // null: this program was not compiled with the interface
  void* self = nullptr;
  std::uint32_t guardId = 0;  // set before the binding is first published and never changed: a call may look any time
  std::uint32_t flags = kNotLive;
  std::uint64_t generation = 0;
  BulkheadChannel* messages = nullptr;  // the same interface by messages
  SerialQueue* queue = nullptr;         // of its generation; lives as long as the binding
};

class ModuleSlot;

// One interface of one module: what a handle points to. Owned by its ModuleSlot.
struct InterfaceSlot {
  std::atomic<Binding*> binding;  // never null
  // The same binding if its calls are plain: live, with no queue and no deadline of the binding to look at; else null.
  // A plain call compares with this one, and so learns at once that it may go on.
  std::atomic<Binding*> plain{nullptr};
  ModuleSlot* module = nullptr;  // null only in the slot of empty handles
  std::uint64_t interfaceId = 0;
  // Of the module's other interfaces: a ring, which may grow; null in the slot of empty handles.
  std::atomic<const InterfaceSlot*> next{nullptr};
  bool isTyped = false;  // this program was compiled with the interface: its bindings have tables
};

// Keeps a binding from being unloaded. Lives on the stack of the calling thread.
class CallPin {
 public:
  // Tries until it holds the slot's binding.
  CallPin(const InterfaceSlot& slot, const BulkheadMethod& method) noexcept {
    std::atomic<CallMark>* const marks = callThread.marks != nullptr ? callThread.marks : registerCallThread();
    pin(slot.binding, slot.binding, method, marks);
    while (!holds()) {
      unpin();
      pin(slot.binding, slot.binding, method, marks);
    }
  }
  // Of a plain call. Tries once; `marks` are the calling thread's.
  [[gnu::always_inline]] CallPin(const InterfaceSlot& slot, const BulkheadMethod& method,
                                 std::atomic<CallMark>* marks) noexcept {
    pin(slot.binding, slot.plain, method, marks);
  }
  CallPin(const CallPin&) = delete;
  CallPin& operator=(const CallPin&) = delete;
  ~CallPin() { unpin(); }

  // False when the binding was swapped meanwhile, or is not plain as it was to be: it must not be used.
  bool holds() const noexcept { return binding_ == still_; }
  const Binding& binding() const noexcept { return *binding_; }

 private:
  // Only the compiler is held back here; the processor is held back by the swapping side's membarrier.
  static void fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
  [[gnu::always_inline]] void pin(const std::atomic<Binding*>& from, const std::atomic<Binding*>& check,
                                  const BulkheadMethod& method, std::atomic<CallMark>* marks) noexcept {
    binding_ = from.load(std::memory_order_acquire);
    mark_ = &marks[binding_->guardId];
    before_ = mark_->load(std::memory_order_relaxed);
    mark_->store(reinterpret_cast<CallMark>(&method), std::memory_order_relaxed);
    fence();
    still_ = check.load(std::memory_order_acquire);
  }
  void unpin() noexcept {
    // Pins of one thread nest, so what was there before this pin is right again. Release: what the call did happens
    // before an unload that sees no mark.
    mark_->store(before_, std::memory_order_release);
  }

  std::atomic<CallMark>* mark_;
  CallMark before_;  // of the call around this one, or 0
  Binding* binding_;
  Binding* still_;
};

}  // namespace bulkhead::detail
