#include "host/in_process/backend.h"

#include "host/core/guard.h"
#include "host/core/host_services.h"
#include "host/in_process/holders.h"
#include "shared/clock.h"

#include <string>
#include <utility>
#include <vector>

namespace bulkhead::in_process {
namespace {

using State = detail::ModuleSlot::State;

constexpr std::uint64_t kFirstGeneration = 1;

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

Result<void> Backend::start() {
  exchangeLive(std::make_shared<Generation>(context_, kFirstGeneration, options_));
  auto serving = live_->open();
  if (serving) serving = serve();
  if (!serving) exchangeLive(nullptr);
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

Result<void> Backend::awaitLive(std::int64_t) {
  // Nothing restarts here: a call meets this only between the load's begin and its end, or in an unload.
  return Error(ErrorKind::unavailable, "the module is not serving");
}

Result<UnloadReport> Backend::stop(const UnloadOptions& options) {
  if (context_.slot->heldHere()) {
    return Error(ErrorKind::wouldDeadlock,
                 "unload from inside a call of the same module: it would wait for itself; unload after the call");
  }
  detail::BindingGroup* const group = context_.slot->retire(nullptr, State::stopped);
  if (group == nullptr) return UnloadReport{.module = context_.slot->name(), .generation = context_.slot->generation()};
  const std::int64_t deadlineNs = later(nowNs(), toNs(options.timeout));
  if (!detail::guardDrain(group->guardId, deadlineNs)) return stillCalled(options);
  UnloadReport report = live_->unload(options.whenRefused, deadlineNs);
  switch (report.outcome) {
    case UnloadReport::Outcome::unloaded: exchangeLive(nullptr); break;
    case UnloadReport::Outcome::parked: parkLive(); break;
    case UnloadReport::Outcome::refused: return resume(std::move(report));
  }
  if (report.outcome == UnloadReport::Outcome::parked && options.whenRefused == WhenRefused::keep) {
    return refusalOf(std::move(report));
  }
  return report;
}

// Calls did not end in time.
Result<UnloadReport> Backend::stillCalled(const UnloadOptions& options) {
  UnloadReport report{.module = context_.slot->name(), .generation = live_->number()};
  report.holders = callHolders(live_->group()->guardId);
  if (options.whenRefused != WhenRefused::keep) {
    report.outcome = UnloadReport::Outcome::parked;
    parkLive();
    return report;
  }
  report.outcome = UnloadReport::Outcome::refused;
  context_.slot->restore(live_->group());
  ErrorBody body;
  body.kind = ErrorKind::deadlineExceeded;
  body.text = "calls did not end within " + std::to_string(options.timeout.count()) +
              " ms; the module serves on: " + describe(report.holders);
  body.unload = std::make_shared<const UnloadReport>(std::move(report));
  return Error(std::move(body));
}

// Refused: the file is there and so is the object, or it is made again; the module serves on.
Result<UnloadReport> Backend::resume(UnloadReport report) {
  if (live_->hasObject()) {
    context_.slot->restore(live_->group());
    return refusalOf(std::move(report));
  }
  live_->unbind();
  const auto again = serve();
  Error refusal = refusalOf(std::move(report));
  if (again) return refusal;
  ErrorBody body = refusal.body();
  body.text += "; and it could not be started again: " + again.error().text();
  return Error(std::move(body));
}

Error Backend::refusalOf(UnloadReport report) {
  ErrorBody body;
  body.kind = ErrorKind::unloadRefused;
  body.text = (report.outcome == UnloadReport::Outcome::parked ? "it stays in memory, and is not usable any more: "
                                                               : "it stays loaded and usable: ") +
              describe(report.holders);
  body.unload = std::make_shared<const UnloadReport>(std::move(report));
  return Error(std::move(body));
}

// Threads may be inside, so nothing of the generation may ever go.
void Backend::parkLive() {
  static std::mutex mutex;
  static auto* const parked = new std::vector<std::shared_ptr<Generation>>;  // outlives static destructors
  const std::lock_guard lock(mutex);
  parked->push_back(exchangeLive(nullptr));
}

std::shared_ptr<Generation> Backend::live() const {
  const std::lock_guard lock(liveMutex_);
  return live_;
}

std::shared_ptr<Generation> Backend::exchangeLive(std::shared_ptr<Generation> next) {
  const std::lock_guard lock(liveMutex_);
  return std::exchange(live_, std::move(next));
}

Ledger Backend::ledger() const {
  const auto generation = live();
  return generation ? generation->ledger() : Ledger{};
}

}  // namespace bulkhead::in_process
