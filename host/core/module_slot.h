// What the handles of one module refer to, and what is swapped behind them: load, restart, reload, unload.
#pragma once

#include "host/core/serial_queue.h"

#include <bulkhead/abi.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/result.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::detail {

class Backend;

// An interface a module serves.
struct ServedInterface {
  std::uint64_t interfaceId;
  bool serialized;  // its calls queue
  bool isTyped;     // this program was compiled with it; otherwise it is called by messages only
};

// What stands behind one of them in one generation.
struct BoundTable {
  std::uint64_t interfaceId;
  const BulkheadTable* table;  // null if it is not typed
  void* self;
  BulkheadChannel* messages;
};

// The bindings of one generation: all interfaces of the module, one guard id, which stays when another generation
// uses them again.
struct BindingGroup {
  std::uint32_t guardId = 0;
  std::uint64_t generation = 0;
  std::vector<ServedInterface> interfaces;         // those of the slots first, in their order
  std::vector<std::unique_ptr<Binding>> bindings;  // one for each of them; more of an earlier use may follow
  SerialQueue queue;                               // of the generation's serialized interfaces
};

class ModuleSlot {
 public:
  enum class State : std::uint8_t {
    starting,  // the first start, or a restart, is under way
    live,
    held,     // a reload hands state over: calls wait, but for those nested in one that is under way
    down,     // the last start failed; the next call tries again
    stopped,  // unloaded: for good
  };

  ModuleSlot(std::string name, const std::vector<ServedInterface>& interfaces, std::int64_t defaultDeadlineNs);
  ModuleSlot(const ModuleSlot&) = delete;
  ModuleSlot& operator=(const ModuleSlot&) = delete;
  ~ModuleSlot();

  const std::string& name() const noexcept { return name_; }
  // Of calls without a deadline of their own; 0: none.
  std::int64_t defaultDeadlineNs() const noexcept { return defaultDeadlineNs_; }
  // Null when the module does not have it. Valid as long as this object: a module's interfaces only become more.
  const InterfaceSlot* find(std::uint64_t interfaceId) const;
  std::vector<ServedInterface> interfaces() const;

  // Bindings for a generation that serves these interfaces, not yet reachable. Every interface of interfaces() is among
  // them, and has a table. `flags` are Binding::Flags for all of them.
  Result<BindingGroup*> prepare(std::uint64_t generation, const std::vector<ServedInterface>& interfaces,
                                const std::vector<BoundTable>& tables, std::uint32_t flags);
  // Makes the group what calls go to, without a moment in between. Returns the one that was live or held, to drain, or
  // null.
  BindingGroup* publish(BindingGroup* group);
  // Takes the group that is live or held, if it is `expected` (null: whichever), from the calls that follow. Returns
  // the group to drain, or null if there was none. The state becomes `next`.
  BindingGroup* retire(const BindingGroup* expected, State next);
  // Makes calls wait that are not nested in one under way. Returns the live group, null if nothing is live. Ends by
  // publish(), release() or retire().
  BindingGroup* hold();
  // Lets calls go on with the group that is held, if it still is.
  void release();
  bool isHeld(const BindingGroup* group) const;
  // What a call must use that came while the group is held and is nested in a call of it; null: it waits.
  Binding* heldBinding(const InterfaceSlot& slot) const;
  // Puts a retired group back: an unload that was refused.
  void restore(BindingGroup* group) { publish(group); }
  // Sets a state without live bindings; `why` is what calls get while it is down.
  void setState(State state, std::optional<Error> why = std::nullopt);
  // Returns a drained (or never published) group for reuse.
  void recycle(BindingGroup* group);

  State state() const;
  // Whether the calling thread is inside a call of any generation, or inside a ChangeScope.
  bool heldHere() const;
  // Generation serving now, or the last that did.
  std::uint64_t generation() const;
  std::optional<Error> downReason() const;
  // Blocks while a start is under way, at most until the deadline (0: none) or until the calling thread's call is
  // cancelled. False when it still is.
  bool awaitChange(std::int64_t deadlineNs);

  // Whom a call asks when nothing is live. Set once, before the first publish.
  void setBackend(Backend* backend) noexcept { backend_ = backend; }
  Backend* backend() const noexcept { return backend_; }

  // Slots for a private look at a group that calls cannot reach, as onStarted needs it.
  std::vector<std::unique_ptr<InterfaceSlot>> privateSlots(const BindingGroup* group);

 private:
  Result<BindingGroup*> takeUnused();
  std::vector<ServedInterface> inOrderOfSlots(const std::vector<ServedInterface>& interfaces) const;
  void point(const BindingGroup* group);
  void addSlot(const ServedInterface& served);

  const std::string name_;
  const std::int64_t defaultDeadlineNs_;
  Binding notLive_;
  Backend* backend_ = nullptr;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<InterfaceSlot>> slots_;
  State state_ = State::starting;
  std::optional<Error> downReason_;
  BindingGroup* live_ = nullptr;
  BindingGroup* held_ = nullptr;  // never beside a live one
  std::uint64_t generation_ = 0;
  std::vector<std::unique_ptr<BindingGroup>> groups_;
  std::vector<BindingGroup*> unused_;  // never published, or drained
};

// The calling thread changes the module: it runs a reload, or starts a generation. What it may call meanwhile (imports,
// the embedder's callbacks) must not wait for that to end. Scopes of one thread nest.
class ChangeScope {
 public:
  explicit ChangeScope(const ModuleSlot& slot) noexcept : slot_(slot), outer_(innermost_) { innermost_ = this; }
  ChangeScope(const ChangeScope&) = delete;
  ChangeScope& operator=(const ChangeScope&) = delete;
  ~ChangeScope() { innermost_ = outer_; }

  // Whether the calling thread is inside a scope of this module.
  static bool isHere(const ModuleSlot& slot) noexcept;

 private:
  const ModuleSlot& slot_;
  const ChangeScope* const outer_;
  inline static constinit thread_local const ChangeScope* innermost_ = nullptr;
};

}  // namespace bulkhead::detail
