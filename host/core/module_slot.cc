#include "host/core/module_slot.h"

#include "host/core/guard.h"
#include "host/core/on_cancel.h"
#include "shared/clock.h"

#include <algorithm>
#include <utility>

namespace bulkhead::detail {
namespace {

std::unique_ptr<InterfaceSlot> makeSlot(ModuleSlot* module, const ServedInterface& served, Binding* binding) {
  auto slot = std::make_unique<InterfaceSlot>();
  slot->binding.store(binding, std::memory_order_relaxed);
  slot->module = module;
  slot->interfaceId = served.interfaceId;
  slot->isTyped = served.isTyped;
  return slot;
}

// Appends to the ring that siblingSlot() walks: one that is linked stays so.
void append(std::vector<std::unique_ptr<InterfaceSlot>>& slots, std::unique_ptr<InterfaceSlot> slot) {
  slot->next.store(slots.empty() ? slot.get() : slots.front().get(), std::memory_order_relaxed);
  if (!slots.empty()) slots.back()->next.store(slot.get(), std::memory_order_release);
  slots.push_back(std::move(slot));
}

}  // namespace

ModuleSlot::ModuleSlot(std::string name, const std::vector<ServedInterface>& interfaces, std::int64_t defaultDeadlineNs)
    : name_(std::move(name)), defaultDeadlineNs_(defaultDeadlineNs) {
  for (const ServedInterface& served : interfaces) addSlot(served);
}

ModuleSlot::~ModuleSlot() {
  // The id of a group that a call never left stays taken: a counter still holds it.
  for (const BindingGroup* group : unused_) releaseGuardId(group->guardId);
}

void ModuleSlot::addSlot(const ServedInterface& served) { append(slots_, makeSlot(this, served, &notLive_)); }

const InterfaceSlot* ModuleSlot::find(std::uint64_t interfaceId) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const auto& slot) { return slot->interfaceId == interfaceId; });
  return found == slots_.end() ? nullptr : found->get();
}

std::vector<ServedInterface> ModuleSlot::interfaces() const {
  const std::lock_guard lock(mutex_);
  std::vector<ServedInterface> list;
  for (const auto& slot : slots_) list.push_back({slot->interfaceId, false, slot->isTyped});
  return list;
}

// ---- groups

// With the lock held. What is typed for its holders stays so.
std::vector<ServedInterface> ModuleSlot::inOrderOfSlots(const std::vector<ServedInterface>& interfaces) const {
  std::vector<ServedInterface> ordered;
  for (const auto& slot : slots_) {
    const auto same = [&](const ServedInterface& served) { return served.interfaceId == slot->interfaceId; };
    const auto found = std::find_if(interfaces.begin(), interfaces.end(), same);
    ordered.push_back({slot->interfaceId, found != interfaces.end() && found->serialized, slot->isTyped});
  }
  for (const ServedInterface& served : interfaces) {
    const auto same = [&](const ServedInterface& known) { return known.interfaceId == served.interfaceId; };
    if (std::none_of(ordered.begin(), ordered.end(), same)) ordered.push_back(served);
  }
  return ordered;
}

Result<BindingGroup*> ModuleSlot::prepare(std::uint64_t generation, const std::vector<ServedInterface>& interfaces,
                                          const std::vector<BoundTable>& tables, std::uint32_t flags) {
  const std::lock_guard lock(mutex_);
  auto taken = takeUnused();
  if (!taken) return taken;
  BindingGroup* const group = *taken;
  group->generation = generation;
  group->interfaces = inOrderOfSlots(interfaces);
  group->queue.open();
  for (std::size_t i = 0; i < group->interfaces.size(); ++i) {
    const ServedInterface& served = group->interfaces[i];
    const auto bound = std::find_if(tables.begin(), tables.end(),
                                    [&](const BoundTable& table) { return table.interfaceId == served.interfaceId; });
    if (i == group->bindings.size()) {
      group->bindings.push_back(std::make_unique<Binding>());
      group->bindings.back()->guardId = group->guardId;
      group->bindings.back()->queue = &group->queue;
    }
    Binding& binding = *group->bindings[i];
    const BoundTable source = bound == tables.end() ? BoundTable{} : *bound;
    binding.table = source.table;
    binding.self = source.self;
    binding.messages = source.messages;
    binding.flags = bound == tables.end() ? std::uint32_t{Binding::kNotLive}
                                          : flags | (served.serialized ? Binding::kSerialized : 0u);
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
  return fresh.get();
}

void ModuleSlot::recycle(BindingGroup* group) {
  const std::lock_guard lock(mutex_);
  unused_.push_back(group);
}

// ---- what calls go to

// With the lock held. Null: nowhere, they have to look at the state.
void ModuleSlot::point(const BindingGroup* group) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Binding* const binding = group == nullptr ? &notLive_ : group->bindings[i].get();
    slots_[i]->plain.store(nullptr, std::memory_order_seq_cst);
    slots_[i]->binding.store(binding, std::memory_order_seq_cst);
    slots_[i]->plain.store(binding->isPlain() ? binding : nullptr, std::memory_order_seq_cst);
  }
  changed_.notify_all();
}

BindingGroup* ModuleSlot::publish(BindingGroup* group) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = slots_.size(); i < group->interfaces.size(); ++i) addSlot(group->interfaces[i]);
  BindingGroup* const before = live_ != nullptr ? live_ : held_;
  held_ = nullptr;
  live_ = group;
  generation_ = group->generation;
  state_ = State::live;
  downReason_.reset();
  point(group);
  if (before != nullptr && before != group) before->queue.close();
  return before;
}

BindingGroup* ModuleSlot::retire(const BindingGroup* expected, State next) {
  const std::lock_guard lock(mutex_);
  BindingGroup* const current = live_ != nullptr ? live_ : held_;
  if (current == nullptr || (expected != nullptr && current != expected)) return nullptr;
  state_ = next;
  live_ = held_ = nullptr;
  point(nullptr);
  return current;
}

BindingGroup* ModuleSlot::hold() {
  const std::lock_guard lock(mutex_);
  if (live_ == nullptr) return nullptr;
  held_ = std::exchange(live_, nullptr);
  state_ = State::held;
  point(nullptr);
  return held_;
}

void ModuleSlot::release() {
  const std::lock_guard lock(mutex_);
  if (held_ == nullptr) return;
  live_ = std::exchange(held_, nullptr);
  state_ = State::live;
  point(live_);
}

bool ModuleSlot::isHeld(const BindingGroup* group) const {
  const std::lock_guard lock(mutex_);
  return group != nullptr && held_ == group;
}

Binding* ModuleSlot::heldBinding(const InterfaceSlot& slot) const {
  const std::lock_guard lock(mutex_);
  if (held_ == nullptr || !guardHeldHere(held_->guardId)) return nullptr;
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const auto& each) { return each.get() == &slot; });
  return found == slots_.end() ? nullptr : held_->bindings[static_cast<std::size_t>(found - slots_.begin())].get();
}

void ModuleSlot::setState(State state, std::optional<Error> why) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  downReason_ = std::move(why);
  changed_.notify_all();
}

ModuleSlot::State ModuleSlot::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool ModuleSlot::heldHere() const {
  if (ChangeScope::isHere(*this)) return true;
  const std::lock_guard lock(mutex_);
  return std::any_of(groups_.begin(), groups_.end(), [](const auto& group) { return guardHeldHere(group->guardId); });
}

bool ChangeScope::isHere(const ModuleSlot& slot) noexcept {
  const ChangeScope* scope = innermost_;
  while (scope != nullptr && &scope->slot_ != &slot) scope = scope->outer_;
  return scope != nullptr;
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
  const auto isUnderWay = [this] { return state_ == State::starting || state_ == State::held; };
  const auto ended = [&] { return !isUnderWay() || isCancelled(cancel); };
  if (deadlineNs == 0) {
    changed_.wait(lock, ended);
  } else {
    changed_.wait_until(lock, timePoint(deadlineNs), ended);
  }
  return !isUnderWay();
}

std::vector<std::unique_ptr<InterfaceSlot>> ModuleSlot::privateSlots(const BindingGroup* group) {
  std::vector<std::unique_ptr<InterfaceSlot>> slots;
  for (std::size_t i = 0; i < group->interfaces.size(); ++i) {
    append(slots, makeSlot(this, group->interfaces[i], group->bindings[i].get()));
  }
  return slots;
}

}  // namespace bulkhead::detail
