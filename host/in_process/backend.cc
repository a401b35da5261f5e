#include "host/in_process/backend.h"

#include "host/core/guard.h"
#include "host/core/host_services.h"
#include "shared/clock.h"

#include <algorithm>
#include <string>
#include <utility>

namespace bulkhead::in_process {
namespace {

using State = detail::ModuleSlot::State;

// How long a version that never served may take to be left: nobody but the embedder's callbacks was inside.
constexpr std::chrono::milliseconds kLeaveMs{1'000};

}  // namespace

Backend::Backend(detail::ModuleContext context, const InProcessOptions& options)
    : context_(std::move(context)),
      flags_(options.deadline.count() > 0 ? std::uint32_t{detail::Binding::kDeadline} : 0u) {}

Backend::~Backend() = default;

std::unique_ptr<Generation> Backend::makeGeneration(const detail::ModuleContext& context) {
  return std::make_unique<Generation>(context, ++generations_, flags_);
}

Result<void> Backend::start() {
  live_ = makeGeneration(context_);
  auto serving = live_->open();
  if (serving) serving = serve();
  if (!serving) live_.reset();
  return serving;
}

// From a loaded file to calls.
Result<void> Backend::serve() {
  if (auto constructed = live_->construct(); !constructed) return constructed;
  if (auto bound = live_->bind(); !bound) return bound;
  if (auto started = detail::announceStart(*context_.options, context_.slot, live_->group()); !started) {
    detail::guardDrain(live_->group()->guardId, nowNs());
    live_->unbind();
    return started;
  }
  context_.slot->publish(live_->group());
  return {};
}

// Nothing restarts here: a call meets this only while a reload hands state over, or in an unload.
Result<void> Backend::awaitLive(std::int64_t deadlineNs) {
  if (context_.slot->awaitChange(deadlineNs)) return {};
  return Error(ErrorKind::unavailable,
               "the module is handing its state to a new version; the call waited as long as its deadline let it");
}

// ---- stop

// No call that came before is inside any more.
Result<void> Backend::endCalls(const Generation& generation, std::chrono::milliseconds timeout) const {
  const std::uint32_t guardId = generation.group()->guardId;
  if (detail::guardDrain(guardId, later(nowNs(), toNs(timeout)))) return {};
  return Error(ErrorKind::deadlineExceeded, std::to_string(detail::guardCount(guardId)) +
                                                " threads were still inside calls after " +
                                                std::to_string(timeout.count()) + " ms");
}

Result<void> Backend::stop(std::chrono::milliseconds timeout) {
  detail::BindingGroup* const group = context_.slot->retire(nullptr, State::stopped);
  if (group == nullptr) return {};
  if (auto ended = endCalls(*live_, timeout); !ended) {
    context_.slot->restore(group);
    ErrorBody body = ended.error().body();
    body.text += "; the module serves on";
    return Error(std::move(body));
  }
  live_->unbind();
  return unload();
}

Result<void> Backend::unload() {
  auto unloaded = live_->unload();
  if (unloaded) {
    live_.reset();
    return unloaded;
  }
  // Refused: the file is still there, so the module gets an object again and serves on.
  auto again = serve();
  if (again) return unloaded;
  ErrorBody body = unloaded.error().body();
  body.text += "; and it could not be started again: " + again.error().text();
  return Error(std::move(body));
}

// ---- reload

Result<detail::BindingGroup*> Backend::prepare(const detail::ModuleContext& next) {
  next_ = makeGeneration(next);
  auto ready = next_->open();
  if (ready) ready = next_->construct();
  if (ready) ready = next_->bind();
  if (ready) return next_->group();
  abandon();
  return std::move(ready).error();
}

Result<void> Backend::commit() {
  context_.slot->publish(next_->group());
  old_ = std::exchange(live_, std::move(next_));
  return {};
}

void Backend::abandon() {
  auto generation = std::move(next_);
  if (auto dropped = drop(*generation, kLeaveMs); !dropped) park(std::move(generation), dropped.error());
}

detail::Settled Backend::settle(std::chrono::milliseconds timeout) {
  auto generation = std::move(old_);
  auto dropped = drop(*generation, timeout);
  if (dropped) return {OldVersion::unloaded, std::nullopt};
  park(std::move(generation), dropped.error());
  return {OldVersion::parked, dropped.error()};
}

// What no call can reach.
Result<void> Backend::drop(Generation& generation, std::chrono::milliseconds timeout) const {
  if (generation.group() != nullptr) {
    if (auto ended = endCalls(generation, timeout); !ended) return ended;
    generation.unbind();
  }
  return generation.unload();
}

// ---- what is parked

void Backend::park(std::unique_ptr<Generation> generation, Error why) {
  const std::lock_guard lock(parkedMutex_);
  parked_.push_back({std::move(generation), std::move(why)});
}

std::vector<ParkedVersion> Backend::parked() const {
  const std::lock_guard lock(parkedMutex_);
  std::vector<ParkedVersion> list;
  for (const Parked& each : parked_) list.push_back({each.generation->number(), each.why});
  return list;
}

Result<void> Backend::settleParked(std::chrono::milliseconds timeout) {
  const std::int64_t deadlineNs = later(nowNs(), toNs(timeout));
  Result<void> outcome;
  for (std::size_t i = 0; i < parked_.size();) {
    const std::chrono::nanoseconds left(std::max<std::int64_t>(deadlineNs - nowNs(), 0));
    auto dropped = drop(*parked_[i].generation, std::chrono::duration_cast<std::chrono::milliseconds>(left));
    const std::lock_guard lock(parkedMutex_);
    if (dropped) {
      parked_.erase(parked_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    parked_[i++].why = dropped.error();
    if (outcome) outcome = std::move(dropped);
  }
  return outcome;
}

}  // namespace bulkhead::in_process
