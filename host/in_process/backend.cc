#include "host/in_process/backend.h"

#include "host/core/guard.h"
#include "host/core/host_services.h"
#include "shared/clock.h"

#include <string>
#include <utility>

namespace bulkhead::in_process {
namespace {

using State = detail::ModuleSlot::State;

constexpr std::uint64_t kFirstGeneration = 1;

}  // namespace

Backend::Backend(detail::ModuleContext context, const InProcessOptions& options)
    : context_(std::move(context)),
      flags_(options.deadline.count() > 0 ? std::uint32_t{detail::Binding::kDeadline} : 0u) {}

Backend::~Backend() = default;

Result<void> Backend::start() {
  live_ = std::make_unique<Generation>(context_, kFirstGeneration, flags_);
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

Result<void> Backend::awaitLive(std::int64_t) {
  // Nothing restarts here: a call meets this only between the load's begin and its end, or in an unload.
  return Error(ErrorKind::unavailable, "the module is not serving");
}

Result<void> Backend::stop(std::chrono::milliseconds timeout) {
  const std::int64_t deadlineNs = later(nowNs(), toNs(timeout));
  if (context_.slot->heldHere()) {
    return Error(ErrorKind::wouldDeadlock,
                 "unload from inside a call of the same module: it would wait for itself; unload after the call");
  }
  detail::BindingGroup* const group = context_.slot->retire(nullptr, State::stopped);
  if (group == nullptr) return {};
  if (!detail::guardDrain(group->guardId, deadlineNs)) {
    const std::uint64_t threads = detail::guardCount(group->guardId);
    context_.slot->restore(group);
    return Error(ErrorKind::deadlineExceeded, std::to_string(threads) + " threads were still inside calls after " +
                                                  std::to_string(timeout.count()) + " ms; the module serves on");
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

}  // namespace bulkhead::in_process
