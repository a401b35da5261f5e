#include "host/core/backend.h"
#include "host/core/module_slot.h"
#include "shared/clock.h"

#include <bulkhead/detail/slow_call.h>

#include <string>

namespace bulkhead::detail {
namespace {

Error callError(ErrorKind kind, const InterfaceSlot& slot, const BulkheadMethod& method, std::string text) {
  return Error(ErrorBody{
      kind, slot.module == nullptr ? std::string() : slot.module->name(), method.name, {}, std::move(text), nullptr});
}

std::string milliseconds(std::int64_t ns) { return std::to_string((ns + 999'999) / 1'000'000) + " ms"; }

}  // namespace

SlowCall::SlowCall(const InterfaceSlot& slot, const BulkheadMethod& method) noexcept
    : slot_(slot), method_(method), startNs_(nowNs()) {
  const std::int64_t byDefault = slot.module == nullptr ? 0 : slot.module->defaultDeadlineNs();
  const std::int64_t limitNs = method.deadline_ms != 0 ? std::int64_t{method.deadline_ms} * 1'000'000 : byDefault;
  // within() sets the wall clock in place of defaults and annotations.
  deadlineNs_ = callThread.wallDeadlineNs != 0 ? callThread.wallDeadlineNs : (limitNs == 0 ? 0 : startNs_ + limitNs);
}

SlowCall::~SlowCall() {
  if (scoped_) bulkhead_scope_leave(&scope_);
  if (queued_) slot_.module->queue().leave();
}

std::optional<Error> SlowCall::enter() {
  if (callThread.wallDeadlineNs != 0 && startNs_ >= callThread.wallDeadlineNs) {
    return callError(ErrorKind::deadlineExceeded, slot_, method_,
                     "its time was over before it began; nothing was called");
  }
  while (!pinLive()) {
    if (auto error = awaitLive()) return error;
  }
  if ((binding().flags & Binding::kSerialized) != 0 && !queued_) {
    // Not while pinned: a call that waits for its turn must not hold up an unload.
    pin_.reset();
    if (auto error = queue()) return error;
    return enter();
  }
  if ((binding().flags & Binding::kHostMade) == 0 && deadlineNs_ != 0) enterScope();
  return std::nullopt;
}

bool SlowCall::pinLive() {
  pin_.emplace(slot_);
  if ((binding().flags & Binding::kNotLive) == 0) return true;
  pin_.reset();
  return false;
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
    case ModuleSlot::State::down: break;
  }
  auto live = slot_.module->backend()->awaitLive(deadlineNs_);
  if (live) return std::nullopt;
  ErrorBody body = live.error().body();
  body.module = slot_.module->name();
  body.method = method_.name;
  return Error(std::move(body));
}

std::optional<Error> SlowCall::queue() {
  queued_ = slot_.module->queue().enter(deadlineNs_);
  if (queued_) return std::nullopt;
  return callError(ErrorKind::overloaded, slot_, method_,
                   "calls of this serialized contract queue, and its turn did not come within " +
                       milliseconds(deadlineNs_ - startNs_) + "; nothing was called");
}

void SlowCall::enterScope() {
  scope_.size = sizeof scope_;
  scope_.deadline_ns = deadlineNs_;
  scope_.generation = binding().generation;
  scope_.module = slot_.module->name().c_str();
  bulkhead_scope_enter(&scope_);
  scoped_ = true;
}

std::optional<Error> SlowCall::leave(std::int32_t status, ErrorCollector& collector) {
  if (scoped_ && nowNs() > deadlineNs_) {
    if (status != BULKHEAD_OK) collector.drop();
    return callError(ErrorKind::deadlineExceeded, slot_, method_,
                     "answered after its deadline of " + milliseconds(deadlineNs_ - startNs_) +
                         "; an in-process call cannot be ended from outside, place the module isolated for that");
  }
  if (status == BULKHEAD_OK) return std::nullopt;
  return collector.take(slot_, binding(), method_);
}

}  // namespace bulkhead::detail
