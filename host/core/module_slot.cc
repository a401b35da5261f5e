#include "host/core/module_slot.h"

#include "host/core/guard.h"
#include "host/core/on_cancel.h"
#include "shared/clock.h"

#include <algorithm>
#include <utility>

namespace bulkhead::detail {
namespace {

// What siblingSlot() walks.
void linkRing(const std::vector<std::unique_ptr<InterfaceSlot>>& slots) {
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i]->next = slots[(i + 1) % slots.size()].get();
}

}  // namespace

ModuleSlot::ModuleSlot(std::string name, std::vector<ServedInterface> interfaces, std::int64_t defaultDeadlineNs)
    : name_(std::move(name)), interfaces_(std::move(interfaces)), defaultDeadlineNs_(defaultDeadlineNs) {
  for (const ServedInterface& served : interfaces_) {
    auto slot = std::make_unique<InterfaceSlot>();
    slot->binding.store(&notLive_, std::memory_order_relaxed);
    slot->module = this;
    slot->interfaceId = served.interfaceId;
    slot->isTyped = served.isTyped;
    slots_.push_back(std::move(slot));
  }
  linkRing(slots_);
}

ModuleSlot::~ModuleSlot() {
  // The id of a group that a call never left stays taken: a counter still holds it.
  for (const BindingGroup* group : unused_) releaseGuardId(group->guardId);
}

const InterfaceSlot* ModuleSlot::find(std::uint64_t interfaceId) const noexcept {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const auto& slot) { return slot->interfaceId == interfaceId; });
  return found == slots_.end() ? nullptr : found->get();
}

Result<BindingGroup*> ModuleSlot::prepare(std::uint64_t generation, const std::vector<BoundTable>& tables,
                                          std::uint32_t flags) {
  const std::lock_guard lock(mutex_);
  auto taken = takeUnused();
  if (!taken) return taken;
  BindingGroup* const group = *taken;
  group->generation = generation;
  for (std::size_t i = 0; i < interfaces_.size(); ++i) {
    const auto bound = std::find_if(tables.begin(), tables.end(), [&](const BoundTable& table) {
      return table.interfaceId == interfaces_[i].interfaceId;
    });
    Binding& binding = *group->bindings[i];
    const BoundTable source = bound == tables.end() ? BoundTable{} : *bound;
    binding.table = source.table;
    binding.self = source.self;
    binding.messages = source.messages;
    binding.flags = bound == tables.end() ? std::uint32_t{Binding::kNotLive}
                                          : flags | (interfaces_[i].serialized ? Binding::kSerialized : 0u);
    binding.generation = generation;
  }
  return group;
}

// With the lock held.
Result<BindingGroup*> ModuleSlot::takeUnused() {
  if (!unused_.empty()) {
    BindingGroup* const group = unused_.back();
    unused_.pop_back();
    return group;
  }
  auto guardId = acquireGuardId();
  if (!guardId) return std::move(guardId).error();
  auto& fresh = groups_.emplace_back(std::make_unique<BindingGroup>());
  fresh->guardId = *guardId;
  for (std::size_t i = 0; i < interfaces_.size(); ++i) {
    fresh->bindings.push_back(std::make_unique<Binding>());
    fresh->bindings.back()->guardId = *guardId;
  }
  return fresh.get();
}

void ModuleSlot::publish(BindingGroup* group) {
  const std::lock_guard lock(mutex_);
  live_ = group;
  generation_ = group->generation;
  state_ = State::live;
  downReason_.reset();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Binding* const binding = group->bindings[i].get();
    slots_[i]->binding.store(binding, std::memory_order_seq_cst);
    slots_[i]->plain.store(binding->isPlain() ? binding : nullptr, std::memory_order_seq_cst);
  }
  changed_.notify_all();
}

BindingGroup* ModuleSlot::retire(const BindingGroup* expected, State next) {
  const std::lock_guard lock(mutex_);
  if (live_ == nullptr || (expected != nullptr && live_ != expected)) return nullptr;
  for (auto& slot : slots_) {
    slot->plain.store(nullptr, std::memory_order_seq_cst);
    slot->binding.store(&notLive_, std::memory_order_seq_cst);
  }
  state_ = next;
  changed_.notify_all();
  return std::exchange(live_, nullptr);
}

void ModuleSlot::setState(State state, std::optional<Error> why) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  downReason_ = std::move(why);
  changed_.notify_all();
}

void ModuleSlot::recycle(BindingGroup* group) {
  const std::lock_guard lock(mutex_);
  unused_.push_back(group);
}

ModuleSlot::State ModuleSlot::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool ModuleSlot::heldHere() const {
  const std::lock_guard lock(mutex_);
  return live_ != nullptr && guardHeldHere(live_->guardId);
}

std::uint64_t ModuleSlot::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

std::optional<Error> ModuleSlot::downReason() const {
  const std::lock_guard lock(mutex_);
  return downReason_;
}

bool ModuleSlot::awaitChange(std::int64_t deadlineNs) {
  const CancelScope* const cancel = callThread.cancel;
  const OnCancel wake(cancel, [this] {
    const std::lock_guard look(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  const auto ended = [&] { return state_ != State::starting || isCancelled(cancel); };
  if (deadlineNs == 0) {
    changed_.wait(lock, ended);
  } else {
    changed_.wait_until(lock, timePoint(deadlineNs), ended);
  }
  return state_ != State::starting;
}

std::vector<std::unique_ptr<InterfaceSlot>> ModuleSlot::privateSlots(const BindingGroup* group) {
  std::vector<std::unique_ptr<InterfaceSlot>> slots;
  for (std::size_t i = 0; i < interfaces_.size(); ++i) {
    auto slot = std::make_unique<InterfaceSlot>();
    slot->binding.store(group->bindings[i].get(), std::memory_order_relaxed);
    slot->module = this;
    slot->interfaceId = interfaces_[i].interfaceId;
    slot->isTyped = interfaces_[i].isTyped;
    slots.push_back(std::move(slot));
  }
  linkRing(slots);
  return slots;
}

}  // namespace bulkhead::detail
