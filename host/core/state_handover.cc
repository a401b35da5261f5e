#include "host/core/state_handover.h"

#include "host/core/guard.h"
#include "host/core/message_call.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace bulkhead::detail {
namespace {

using Slots = std::vector<std::unique_ptr<InterfaceSlot>>;

constexpr std::uint64_t kNoParameters[1] = {};  // the root pointer of an empty struct
constexpr BulkheadMethod kPinned = {0, 0, 0, 0, "reload"};

const InterfaceSlot& find(const Slots& slots, std::uint64_t interfaceId) {
  return **std::find_if(slots.begin(), slots.end(), [&](const auto& slot) { return slot->interfaceId == interfaceId; });
}

// The one that says so, or null.
const BulkheadMethod* methodWith(bool manifest::Method::*flag, const manifest::Interface& interface,
                                 const DescribedMethods& methods) {
  const auto found = std::find_if(interface.methods.begin(), interface.methods.end(),
                                  [&](const manifest::Method& method) { return method.*flag; });
  if (found == interface.methods.end()) return nullptr;
  return methods.find(interface.id, static_cast<std::uint16_t>(found - interface.methods.begin()));
}

}  // namespace

StateHandover::StateHandover(ModuleSlot& slot, const ModuleVersion& before, const ModuleVersion& next) : slot_(slot) {
  for (const manifest::Contract& contract : before.manifest.contracts) {
    for (const manifest::Interface& old : contract.interfaces) {
      const manifest::Interface* const interface = next.manifest.find(old.id);
      if (old.role != manifest::Role::exports || interface == nullptr) continue;
      const BulkheadMethod* const saver = methodWith(&manifest::Method::savesState, old, before.methods);
      const BulkheadMethod* const restorer = methodWith(&manifest::Method::restoresState, *interface, next.methods);
      if (saver != nullptr && restorer != nullptr) pairs_.push_back({old.id, old.name, saver, restorer});
    }
  }
}

Result<void> StateHandover::run(const BindingGroup* next, std::int64_t deadlineNs) {
  const BindingGroup* const group = slot_.hold();
  if (group == nullptr) return {};
  if (auto drained = drain(group, deadlineNs); !drained) return drained;
  auto states = save(group);
  if (!states) return std::move(states).error();
  return restore(next, *states);
}

Result<void> StateHandover::drain(const BindingGroup* group, std::int64_t deadlineNs) {
  if (guardDrain(group->guardId, deadlineNs)) return {};
  return Error(ErrorKind::deadlineExceeded,
               std::to_string(guardCount(group->guardId)) +
                   " threads were still inside calls when their time was over (ReloadOptions::quiesceTimeout), and the "
                   "state is saved when no call changes it");
}

Result<std::vector<StateHandover::State>> StateHandover::save(const BindingGroup* group) {
  const Slots slots = slot_.privateSlots(group);
  // Its worker may die: what its bindings lead to stays as long as the pin.
  const CallPin pin(*slots.front(), kPinned);
  if (!slot_.isHeld(group)) return Error(ErrorKind::moduleDied, "its worker died before the state was saved");
  std::vector<State> states;
  for (const StatePair& pair : pairs_) {
    auto state = callMessage(find(slots, pair.interfaceId), *pair.saver, kNoParameters);
    if (!state) return std::move(state).error();
    states.push_back(*std::move(state));
  }
  return states;
}

// The results of the one are the parameters of the other: the plugin sees to that within a version, the check of
// versions between them.
Result<void> StateHandover::restore(const BindingGroup* group, const std::vector<State>& states) {
  const Slots slots = slot_.privateSlots(group);
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    auto restored = callMessage(find(slots, pairs_[i].interfaceId), *pairs_[i].restorer, states[i]);
    if (!restored) return std::move(restored).error();
    moved_.push_back(pairs_[i].name);
  }
  return {};
}

}  // namespace bulkhead::detail
