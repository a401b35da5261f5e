// The state of the old version's objects as the new one's: annotated methods, called by message.
#pragma once

#include "host/core/module_record.h"
#include "host/core/module_slot.h"

#include <bulkhead/detail/guard.h>
#include <bulkhead/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::detail {

// An interface that saves in one version and restores in the other.
struct StatePair {
  std::uint64_t interfaceId;
  std::string name;
  const BulkheadMethod* saver;
  const BulkheadMethod* restorer;
};

// Between run() and its end no call reaches the module, unless the new version was published meanwhile: what was saved
// stays true. Those under way end first; those that come wait, but for nested ones.
class StateHandover {
 public:
  StateHandover(ModuleSlot& slot, const ModuleVersion& before, const ModuleVersion& next);
  StateHandover(const StateHandover&) = delete;
  StateHandover& operator=(const StateHandover&) = delete;
  // Calls go on.
  ~StateHandover() { slot_.release(); }

  bool isNeeded() const noexcept { return !pairs_.empty(); }
  // Saves from what serves, restores in `next`. Blocks until the calls under way have ended, at most until the deadline
  // (CLOCK_MONOTONIC), and then as long as the module's methods do. Where nothing serves there is nothing to save.
  Result<void> run(const BindingGroup* next, std::int64_t deadlineNs);
  const std::vector<std::string>& moved() const noexcept { return moved_; }

 private:
  using State = std::vector<std::uint64_t>;

  Result<void> drain(const BindingGroup* group, std::int64_t deadlineNs);
  Result<std::vector<State>> save(const BindingGroup* group);
  Result<void> restore(const BindingGroup* group, const std::vector<State>& states);

  ModuleSlot& slot_;
  std::vector<StatePair> pairs_;
  std::vector<std::string> moved_;
};

}  // namespace bulkhead::detail
