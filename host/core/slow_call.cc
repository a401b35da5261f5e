#include "host/core/backend.h"
#include "host/core/module_slot.h"
#include "host/core/on_cancel.h"
#include "shared/clock.h"

#include <bulkhead/detail/slow_call.h>
#include <bulkhead/imports.h>

#include <string>
#include <utility>

namespace bulkhead::detail {
namespace {

Error callError(ErrorKind kind, const InterfaceSlot& slot, const BulkheadMethod& method, std::string text) {
  return Error(ErrorBody{
      kind, slot.module == nullptr ? std::string() : slot.module->name(), method.name, {}, std::move(text), nullptr});
}

std::string milliseconds(std::int64_t ns) { return std::to_string((ns + 999'999) / 1'000'000) + " ms"; }

}  // namespace

SlowCall::SlowCall(const InterfaceSlot& slot, const BulkheadMethod& method) noexcept
    : slot_(slot), method_(method), limitNs_(0), startNs_(nowNs()), deadlineNs_(callThread.wallDeadlineNs) {
  // within() sets the wall clock in place of defaults and annotations.
  if (deadlineNs_ != 0) return;
  const std::int64_t byDefault = slot.module == nullptr ? 0 : slot.module->defaultDeadlineNs();
  limitNs_ = method.deadline_ms != 0 ? std::int64_t{method.deadline_ms} * 1'000'000 : byDefault;
  if (limitNs_ != 0) deadlineNs_ = later(startNs_, limitNs_);
}

SlowCall::~SlowCall() {
  if (scoped_) {
    bulkhead_scope_leave(&scope_);
    callThread.scoped = outerScoped_;
  }
  leaveQueue();
}

void SlowCall::leaveQueue() {
  if (turn_ != nullptr) std::exchange(turn_, nullptr)->leave();
}

std::optional<Error> SlowCall::enter() {
  if (auto error = refused()) return error;
  while (!pinLive()) {
    leaveQueue();  // what is to come first, the state of a generation handed over, may need the turn
    if (auto error = awaitLive()) return error;
    waited_ = true;
  }
  if ((binding().flags & Binding::kSerialized) != 0 && turn_ != binding().queue) {
    // Not while pinned: a call that waits for its turn must not hold up an unload.
    SerialQueue& wanted = *binding().queue;
    pin_.reset();
    leaveQueue();
    if (auto error = queue(wanted)) return error;
    waited_ = true;
    return enter();
  }
  if (waited_) {
    if (auto error = refused()) {
      pin_.reset();
      return error;
    }
    restartLimit();
  }
  const bool isAskable = deadlineNs_ != 0 || callThread.cancel != nullptr;
  if ((binding().flags & Binding::kHostMade) == 0 && isAskable) enterScope();
  return std::nullopt;
}

// Why the call is not to be made at all.
std::optional<Error> SlowCall::refused() const {
  if (isCancelled(callThread.cancel)) {
    return callError(ErrorKind::cancelled, slot_, method_, "the caller cancelled it; nothing was called");
  }
  if (callThread.wallDeadlineNs != 0 && nowNs() >= callThread.wallDeadlineNs) {
    return callError(ErrorKind::deadlineExceeded, slot_, method_,
                     "its time was over before it began; nothing was called");
  }
  return std::nullopt;
}

// The module is not to pay for what was waited.
void SlowCall::restartLimit() {
  if (limitNs_ == 0) return;
  startNs_ = nowNs();
  deadlineNs_ = later(startNs_, limitNs_);
}

bool SlowCall::pinLive() {
  pin_.emplace(slot_, method_);
  if ((binding().flags & Binding::kNotLive) == 0) return true;
  pin_.reset();
  return pinHeld();
}

// While a reload waits for the calls under way to end, those nested in one of them must go on.
bool SlowCall::pinHeld() {
  Binding* const binding = slot_.module == nullptr ? nullptr : slot_.module->heldBinding(slot_);
  if (binding == nullptr) return false;
  held_.emplace();
  held_->binding.store(binding, std::memory_order_relaxed);
  pin_.emplace(*held_, method_);
  return true;
}

std::optional<Error> SlowCall::awaitLive() {
  if (slot_.module == nullptr) {
    return callError(ErrorKind::staleHandle, slot_, method_,
                     "the handle refers to no module: take one from Module::get()");
  }
  switch (slot_.module->state()) {
    case ModuleSlot::State::live: return std::nullopt;
    case ModuleSlot::State::stopped:
      return callError(ErrorKind::staleHandle, slot_, method_, "the module was unloaded: load it again");
    case ModuleSlot::State::starting:
    case ModuleSlot::State::held:
    case ModuleSlot::State::down: break;
  }
  if (ChangeScope::isHere(*slot_.module)) {
    return callError(
        ErrorKind::wouldDeadlock, slot_, method_,
        "this thread starts or reloads the module, and nothing of it serves until that has ended: call the "
        "new generation through what the callback was given");
  }
  auto live = slot_.module->backend()->awaitLive(deadlineNs_);
  if (live) return std::nullopt;
  if (isCancelled(callThread.cancel)) return refused();
  ErrorBody body = live.error().body();
  body.module = slot_.module->name();
  body.method = method_.name;
  return Error(std::move(body));
}

std::optional<Error> SlowCall::queue(SerialQueue& queue) {
  const SerialQueue::Turn turn = queue.enter(deadlineNs_, callThread.cancel);
  if (turn == SerialQueue::Turn::mine) turn_ = &queue;
  if (turn != SerialQueue::Turn::none) return std::nullopt;
  if (isCancelled(callThread.cancel)) return refused();
  std::string text = "calls of this serialized contract queue, and its turn did not come within " +
                     milliseconds(deadlineNs_ - startNs_) + "; nothing was called";
  if (const auto served = servedCall(); served && served->method.empty() && served->module == slot_.module->name()) {
    text +=
        ". It comes from a thread of the module's own: if the call that has the turn waits for that thread, they "
        "wait for each other";
  }
  return callError(ErrorKind::overloaded, slot_, method_, std::move(text));
}

void SlowCall::enterScope() {
  scope_.size = sizeof scope_;
  scope_.deadline_ns = deadlineNs_;
  if (callThread.cancel != nullptr) scope_.cancel = callThread.cancel->flag();
  scope_.generation = binding().generation;
  scope_.module = slot_.module->name().c_str();
  bulkhead_scope_enter(&scope_);
  scoped_ = true;
  outerScoped_ = std::exchange(callThread.scoped, true);
}

std::optional<Error> SlowCall::leave(std::int32_t status, ErrorCollector& collector) {
  if (scoped_ && deadlineNs_ != 0 && nowNs() > deadlineNs_) {
    if (status != BULKHEAD_OK) collector.drop();
    return callError(ErrorKind::deadlineExceeded, slot_, method_,
                     "answered after its deadline of " + milliseconds(deadlineNs_ - startNs_) +
                         "; an in-process call cannot be ended from outside, place the module isolated for that");
  }
  if (status == BULKHEAD_OK) return std::nullopt;
  return collector.take(slot_, binding(), method_);
}

}  // namespace bulkhead::detail
