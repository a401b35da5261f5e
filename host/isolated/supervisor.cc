#include "host/isolated/supervisor.h"

#include "host/core/guard.h"
#include "host/core/host_services.h"
#include "host/core/tables.h"
#include "host/isolated/thread_lanes.h"
#include "shared/clock.h"

#include <optional>
#include <string>
#include <utility>

namespace bulkhead::isolated {
namespace {

using State = detail::ModuleSlot::State;

// How long stop() waits for what it killed.
constexpr std::int64_t kKillNs = 5'000'000'000;

}  // namespace

Supervisor::Supervisor(detail::ModuleContext context, const IsolatedOptions& options,
                       std::shared_ptr<Services> services)
    : slot_(context.slot),
      hostOptions_(context.options),
      options_(options),
      services_(std::move(services)),
      context_(std::move(context)) {}

detail::ModuleContext Supervisor::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

// ---- start

bool Supervisor::beginStart() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || starts_ != 0 || serving_.session != nullptr) return false;
  starts_ = 1;
  return true;
}

void Supervisor::endStart() {
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    starts_ = 0;
    again = std::exchange(startWanted_, false);
    idle_.notify_all();
  }
  if (again) restart();
}

Result<void> Supervisor::start() {
  if (!beginStart()) return Error(ErrorKind::unavailable, "the module is being unloaded");
  auto started = startGeneration();
  endStart();
  if (started) return started;
  // A failed load leaves nothing behind.
  std::unique_lock lock(mutex_);
  stopping_ = true;
  idle_.wait_until(lock, timePoint(nowNs() + kKillNs), [this] { return retired_.empty(); });
  return started;
}

Result<void> Supervisor::startGeneration() {
  const std::int64_t deadlineNs = later(nowNs(), toNs(options_.loadDeadline));
  auto ready = bring(context(), deadlineNs);
  if (!ready) {
    slot_->setState(State::down, ready.error());
    return std::move(ready).error();
  }
  auto served = serve(*ready);
  if (!served) {
    slot_->setState(State::down, served.error());
    ready->session->condemn(ExitVerdict::startFailed, {ErrorKind::unavailable, {}, served.error().text()});
    retire(*std::move(ready));
  }
  return served;
}

// A fresh worker with the module loaded; not reachable by calls.
Result<Supervisor::Serving> Supervisor::bring(const detail::ModuleContext& context, std::int64_t deadlineNs) {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = ++generations_;
  }
  auto session = Session::start(services_, context, options_, generation, weak_from_this(), deadlineNs);
  if (!session) return std::move(session).error();
  Serving serving{*std::move(session), nullptr};
  {
    const std::lock_guard lock(mutex_);
    starting_ = serving.session;
  }
  auto loaded = serving.session->load(deadlineNs);
  if (!loaded) {
    serving.session->condemn(ExitVerdict::startFailed, {ErrorKind::unavailable, {}, loaded.error().text()});
    retire(std::move(serving));
    return std::move(loaded).error();
  }
  auto group =
      slot_->prepare(generation, context.served, detail::stubTables(serving.session->channel(), context.served),
                     detail::Binding::kHostMade);
  if (!group) {
    serving.session->condemn(ExitVerdict::startFailed, {ErrorKind::unavailable, {}, group.error().text()});
    retire(std::move(serving));
    return std::move(group).error();
  }
  serving.group = *group;
  serving.session->serve(**group);
  return serving;
}

Result<void> Supervisor::serve(const Serving& serving) {
  if (auto announced = detail::announceStart(*hostOptions_, slot_, serving.group); !announced) {
    return announced;
  }
  const std::lock_guard lock(mutex_);
  if (stopping_) return Error(ErrorKind::unavailable, "the module is being unloaded");
  // Lost meanwhile: onLost() found nothing to take back, so nothing may be published.
  if (serving.session->lost()) return serving.session->deathError("load");
  serving_ = serving;
  slot_->publish(serving.group);
  return {};
}

// ---- loss and restart

void Supervisor::onLost(Session& session) {
  Serving lost;
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    if (serving_.session.get() != &session) return;
    lost = std::exchange(serving_, {});
    again = !stopping_;
    // Lost before the start that brought it has ended: that one begins the next.
    startWanted_ = again && starts_ != 0;
    slot_->retire(lost.group, again ? State::starting : State::stopped);
  }
  retire(std::move(lost));
  if (again) restart();
}

void Supervisor::restart() {
  if (beginStart()) launchStart();
}

// The last start failed: a call asks for the next.
void Supervisor::tryAgain() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || serving_.session != nullptr || slot_->state() != State::down) return;
    slot_->setState(State::starting);
    startWanted_ = starts_ != 0;  // the failed one is about to end
    if (startWanted_) return;
    starts_ = 1;
  }
  launchStart();
}

// After beginStart().
void Supervisor::launchStart() {
  const bool posted = services_->starts().post([self = shared_from_this()] {
    (void)self->startGeneration();
    thread_lanes::releaseAll();
    self->endStart();
  });
  if (posted) return;
  endStart();
  slot_->setState(State::down, Error(ErrorKind::unavailable, "no thread to start a worker on"));
}

// Disposes of a session once no call is inside it and its process is gone.
void Supervisor::retire(Serving serving) {
  {
    const std::lock_guard lock(mutex_);
    retired_.push_back(serving.session->generation());
  }
  detail::guardBarrier();
  services_->reclaim([self = shared_from_this(), serving = std::move(serving)] {
    if (serving.group != nullptr && detail::guardCount(serving.group->guardId) != 0) return false;
    if (!serving.session->exited() || !serving.session->idle()) return false;
    serving.session->dispose();
    if (serving.group != nullptr) self->slot_->recycle(serving.group);
    const std::lock_guard lock(self->mutex_);
    std::erase(self->retired_, serving.session->generation());
    self->idle_.notify_all();
    return true;
  });
}

void Supervisor::onExit(Session&, std::shared_ptr<const ExitReport> report) {
  {
    const std::lock_guard lock(mutex_);
    lastExit_ = report;
  }
  if (!hostOptions_->onExit) return;
  (void)services_->starts().post(
      [options = hostOptions_, report = std::move(report)] { detail::deliverExit(*options, *report); });
}

Result<void> Supervisor::awaitLive(std::int64_t deadlineNs) {
  if (services_->foreign()) return fork_guard::unavailable();
  // A call without a deadline waits as long as a start may take.
  const std::int64_t limitNs = earlier(deadlineNs, later(later(nowNs(), toNs(options_.loadDeadline)), kKillNs));
  tryAgain();
  if (!slot_->awaitChange(limitNs)) {
    return Error(ErrorKind::unavailable,
                 "its worker is still starting; the call waited as long as its deadline let it");
  }
  if (slot_->state() != State::down) return {};
  const auto reason = slot_->downReason();
  return Error(ErrorBody{ErrorKind::unavailable,
                         {},
                         {},
                         {},
                         "its worker could not be started: " + (reason ? reason->message() : std::string("no reason")),
                         reason ? reason->exitReport() : nullptr});
}

// ---- stop

Result<UnloadReport> Supervisor::stop(std::chrono::milliseconds timeout) {
  if (services_->foreign()) {
    fork_guard::abandon(shared_from_this());
    return fork_guard::unavailable();
  }
  const std::int64_t deadlineNs = later(nowNs(), toNs(timeout));
  Serving last;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    last = std::exchange(serving_, {});
    if (last.group != nullptr) slot_->retire(last.group, State::stopped);
    // A start under way finds that it may not serve. One that takes too long is ended, or ends by its own deadline.
    const auto noStart = [this] { return starts_ == 0; };
    if (!idle_.wait_until(lock, timePoint(deadlineNs), noStart)) {
      const auto starting = starting_.lock();
      lock.unlock();
      if (starting != nullptr) {
        starting->condemn(ExitVerdict::shutDownTimedOut, {ErrorKind::unavailable, {}, "unloaded while it was loading"});
      }
      lock.lock();
      idle_.wait(lock, noStart);
    }
  }
  slot_->setState(State::stopped);
  if (last.session != nullptr) (void)end(std::move(last), deadlineNs, "unloaded while calls were under way");
  if (auto gone = awaitRetired(nowNs() + kKillNs, "the module is unloaded"); !gone) return std::move(gone).error();
  UnloadReport report;
  report.module = slot_->name();
  report.generation = slot_->generation();
  return report;
}

// Of a session that calls do not reach any more. False when it had to be killed.
bool Supervisor::end(Serving last, std::int64_t deadlineNs, const char* why) {
  const bool drained = detail::guardDrain(last.group->guardId, deadlineNs);
  const auto session = last.session;
  if (drained) {
    session->shutDown(deadlineNs);
  } else {
    session->condemn(ExitVerdict::shutDownTimedOut, {ErrorKind::unavailable, {}, why});
  }
  retire(std::move(last));
  return drained && session->exitedByItself();
}

// An import of the host's may outlive the worker that called it.
Result<void> Supervisor::awaitRetired(std::int64_t deadlineNs, const char* what) {
  std::unique_lock lock(mutex_);
  if (!idle_.wait_until(lock, timePoint(deadlineNs), [this] { return retired_.empty(); })) {
    return Error(ErrorKind::deadlineExceeded,
                 std::string(what) + ", but a worker is not gone yet, or a host import is still running");
  }
  lock.unlock();
  services_->sync();
  return {};
}

void Supervisor::condemn(std::uint64_t generation, const char* method, const std::string& why) {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    session = serving_.session;
    if (session == nullptr || session->generation() != generation) session = starting_.lock();
  }
  if (session == nullptr || session->generation() != generation) return;  // gone already
  session->condemn({ErrorKind::protocolViolation, method, why});
}

detail::BackendStatus Supervisor::status() const {
  const std::lock_guard lock(mutex_);
  detail::BackendStatus status;
  status.lastExit = lastExit_;
  if (serving_.session != nullptr) {
    status.tier = serving_.session->tier();
    status.workerPid = serving_.session->workerPid();
  }
  return status;
}

}  // namespace bulkhead::isolated
