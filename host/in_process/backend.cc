#include "host/in_process/backend.h"

#include "host/core/guard.h"
#include "host/core/host_services.h"
#include "host/in_process/holders.h"
#include "shared/clock.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::in_process {
namespace {

using State = detail::ModuleSlot::State;

// How long a version that never served may take to be left: nobody but the embedder's callbacks was inside.
constexpr std::chrono::milliseconds kLeaveMs{1'000};

Error refusalOf(UnloadReport report) {
  ErrorBody body;
  body.kind = ErrorKind::unloadRefused;
  body.module = report.module;
  body.text = (report.outcome == UnloadReport::Outcome::parked ? "it stays in memory, and is not usable any more: "
                                                               : "it stays loaded and usable: ") +
              describe(report.holders);
  body.unload = std::make_shared<const UnloadReport>(std::move(report));
  return Error(std::move(body));
}

// Calls did not end in time.
Error stillInside(UnloadReport report, std::chrono::milliseconds timeout) {
  ErrorBody body;
  body.kind = ErrorKind::deadlineExceeded;
  body.module = report.module;
  body.text = "calls did not end within " + std::to_string(timeout.count()) +
              " ms; it stays loaded: " + describe(report.holders);
  body.unload = std::make_shared<const UnloadReport>(std::move(report));
  return Error(std::move(body));
}

}  // namespace

Result<std::unique_ptr<Backend>> Backend::make(detail::ModuleContext context, const InProcessOptions& options) {
  for (const Resource kind : {Resource::heap, Resource::tlsDestructor, Resource::exitHandler}) {
    if (options.leaks.of(kind) != LeakPolicy::refuse) continue;
    return Error(ErrorKind::invalidConfiguration,
                 std::string("InProcessOptions::leaks: an unload cannot be refused for ") + toString(kind) +
                     ": what is left of it shows only when the module is past return; use warn");
  }
  return std::unique_ptr<Backend>(new Backend(std::move(context), options));
}

Backend::Backend(detail::ModuleContext context, const InProcessOptions& options)
    : context_(std::move(context)), options_(options) {}

Backend::~Backend() = default;

std::shared_ptr<Generation> Backend::makeGeneration(const detail::ModuleContext& context) {
  return std::make_shared<Generation>(context, ++generations_, options_);
}

std::shared_ptr<Generation> Backend::exchangeLive(std::shared_ptr<Generation> next) {
  const std::lock_guard lock(liveMutex_);
  return std::exchange(live_, std::move(next));
}

Ledger Backend::ledger() const {
  std::unique_lock lock(liveMutex_);
  const std::shared_ptr<Generation> generation = live_;
  lock.unlock();
  return generation ? generation->ledger() : Ledger{};
}

Result<void> Backend::start() {
  exchangeLive(makeGeneration(context_));
  auto serving = live_->open();
  if (serving) serving = serve();
  if (serving) return serving;
  auto failed = exchangeLive(nullptr);
  // Threads that its constructors started may be inside it, and call what it was given.
  if (auto dropped = drop(*failed, kLeaveMs); !dropped) parkForGood(std::move(failed));
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

Result<UnloadReport> Backend::stop(const UnloadOptions& options) {
  detail::BindingGroup* const group = context_.slot->retire(nullptr, State::stopped);
  if (group == nullptr) {
    UnloadReport gone;
    gone.module = context_.slot->name();
    gone.generation = context_.slot->generation();
    gone.outcome = ended_;
    return gone;
  }
  const std::int64_t deadlineNs = later(nowNs(), toNs(options.timeout));
  if (!detail::guardDrain(group->guardId, deadlineNs)) return stillCalled(options);
  UnloadReport report = live_->unload(options.whenRefused, deadlineNs);
  switch (report.outcome) {
    case UnloadReport::Outcome::unloaded: exchangeLive(nullptr); break;
    case UnloadReport::Outcome::parked: parkForGood(exchangeLive(nullptr)); break;
    case UnloadReport::Outcome::refused: return resume(std::move(report));
  }
  if (report.outcome == UnloadReport::Outcome::parked && options.whenRefused == WhenRefused::keep) {
    return refusalOf(std::move(report));
  }
  return report;
}

Result<UnloadReport> Backend::stillCalled(const UnloadOptions& options) {
  UnloadReport report = live_->reportOf(UnloadReport::Outcome::refused);
  report.holders = callHolders(live_->group()->guardId);
  if (options.whenRefused != WhenRefused::keep) {
    report.outcome = UnloadReport::Outcome::parked;
    parkForGood(exchangeLive(nullptr));
    return report;
  }
  context_.slot->restore(live_->group());
  return stillInside(std::move(report), options.timeout);
}

// Refused: the file is there and so is the object, or it is made again; the module serves on.
Result<UnloadReport> Backend::resume(UnloadReport report) {
  if (live_->hasObject()) {
    context_.slot->restore(live_->group());
    return refusalOf(std::move(report));
  }
  live_->unbind();
  const auto again = serve();
  if (again) return refusalOf(std::move(report));
  report.outcome = UnloadReport::Outcome::parked;
  parkForGood(exchangeLive(nullptr));
  ErrorBody body = refusalOf(std::move(report)).body();
  body.text += "; it could not be started again: " + again.error().text();
  return Error(std::move(body));
}

// Threads may be inside, so nothing of the generation may ever go.
void Backend::parkForGood(std::shared_ptr<Generation> generation) {
  ended_ = UnloadReport::Outcome::parked;
  static std::mutex mutex;
  static auto* const parked = new std::vector<std::shared_ptr<Generation>>;  // outlives static destructors
  const std::lock_guard lock(mutex);
  parked->push_back(std::move(generation));
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
  old_ = exchangeLive(std::move(next_));
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
  const std::int64_t deadlineNs = later(nowNs(), toNs(timeout));
  if (generation.group() != nullptr) {
    const std::uint32_t guardId = generation.group()->guardId;
    if (!detail::guardDrain(guardId, deadlineNs)) {
      UnloadReport report = generation.reportOf(UnloadReport::Outcome::refused);
      report.holders = callHolders(guardId);
      return stillInside(std::move(report), timeout);
    }
    generation.unbind();
  }
  UnloadReport report = generation.unload(WhenRefused::keep, deadlineNs);
  if (report.outcome == UnloadReport::Outcome::unloaded) return {};
  return refusalOf(std::move(report));
}

// ---- what is parked

void Backend::park(std::shared_ptr<Generation> generation, Error why) {
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
