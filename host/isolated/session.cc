#include "host/isolated/session.h"

#include "host/core/host_services.h"
#include "host/isolated/thread_lanes.h"
#include "shared/clock.h"

#include <bulkhead/contract_host.h>

#include <climits>
#include <utility>
#include <variant>

namespace bulkhead::isolated {
namespace {

// How often a thread of the pool is looked for before an import is refused: some milliseconds.
constexpr int kImportLooks = 4;

std::uint64_t nextSerial() noexcept {
  static std::atomic<std::uint64_t> serial{0};
  return serial.fetch_add(1, std::memory_order_relaxed) + 1;
}

ExitVerdict exitVerdictOf(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::deadlineExceeded: return ExitVerdict::deadlineExceeded;
    case ErrorKind::unavailable: return ExitVerdict::hostClosed;
    default: return ExitVerdict::protocolViolation;
  }
}

}  // namespace

Session::Session(std::shared_ptr<Services> services, detail::ModuleContext context, const IsolatedOptions& options,
                 std::uint64_t generation, std::weak_ptr<SessionEvents> events)
    : services_(std::move(services)),
      context_(std::move(context)),
      options_(options),
      generation_(generation),
      serial_(nextSerial()),
      defaultDeadlineNs_(toNs(options.deadline)),
      events_(std::move(events)),
      targets_(context_.imports, context_.slot->name(), generation),
      oracle_(oracle::isWanted(context_.options->oracle) ? std::make_unique<oracle::Oracle>(context_.file->manifest())
                                                         : nullptr),
      channel_(*this),
      hints_(std::make_unique<std::atomic<std::uint32_t>[]>(options.maxImportLanes)) {
  regionLink_.newId = [this] { return nextRegion_.fetch_add(1, std::memory_order_relaxed); };
  regionLink_.announce = [this](std::uint32_t id, const memory::Region& region) -> Result<void> {
    const int fd = region.descriptor();
    return link_->send(control::OpenRegion{id, region.size(), 0, region.access() == memory::Access::workerWrites},
                       {&fd, 1});
  };
  regionLink_.retire = [this](std::uint32_t id) { (void)link_->send(control::RetireRegion{id}); };
}

Session::~Session() = default;

// ---- what the worker says

// Which message may come in which step: see proto/control.capnp.
bool Session::inStep(const control::ToHost& message) const {
  const std::lock_guard lock(mutex_);
  if (std::holds_alternative<control::Hello>(message)) return step_ == Step::starting;
  if (std::holds_alternative<control::LockedDown>(message) || std::holds_alternative<control::StartFailed>(message)) {
    return step_ == Step::hello;
  }
  return step_ == Step::lockedDown;
}

void Session::onMessage(control::ToHost message) {
  if (lost()) return;  // what a condemned worker still says changes nothing
  if (!inStep(message)) return onViolation("a control message out of its step");
  if (const auto* hello = std::get_if<control::Hello>(&message)) return onHello(*hello);
  if (const auto* lockedDown = std::get_if<control::LockedDown>(&message)) return onLockedDown(*lockedDown);
  if (const auto* failed = std::get_if<control::StartFailed>(&message)) {
    return failStart(ErrorKind::workerStartFailed,
                     "the worker could not start: " + printable(failed->text, control::kMaxTextBytes));
  }
  if (const auto* waiting = std::get_if<control::ImportWaiting>(&message)) return onImportWaiting(waiting->lane);
  if (const auto* refused = std::get_if<control::LaneRefused>(&message)) {
    if (refused->lane >= options_.maxLanes) return onViolation("a control message about a lane that is none");
    return condemn({ErrorKind::resourceExhausted,
                    {},
                    "the worker has no thread for a lane: " + printable(refused->text, control::kMaxTextBytes)});
  }
}

// ---- load and shut down

Result<void> Session::load(std::int64_t deadlineNs) {
  auto lane = acquireLane(deadlineNs);
  if (!lane) return std::move(lane).error();
  auto loaded = (*lane)->control(lane::FrameKind::load, "load", deadlineNs);
  if (loaded) {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::serving;
  }
  return loaded;
}

void Session::shutDown(std::int64_t deadlineNs) {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::closing;
    if (exitVerdict_ == ExitVerdict::none) exitVerdict_ = ExitVerdict::shutDown;
  }
  if (auto lane = acquireLane(deadlineNs)) {
    if ((*lane)->control(lane::FrameKind::unload, "unload", deadlineNs)) (void)link_->send(control::Shutdown{});
  }
  if (awaitExit(deadlineNs)) return;
  condemn(ExitVerdict::shutDownTimedOut, {ErrorKind::unavailable, {}, "it did not exit in time"});
  (void)awaitExit(nowNs() + kReapNs);
}

bool Session::awaitExit(std::int64_t deadlineNs) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, timePoint(deadlineNs), [this] { return report_ != nullptr; });
}

bool Session::exited() const {
  const std::lock_guard lock(mutex_);
  return report_ != nullptr;
}

bool Session::exitedByItself() const {
  const std::lock_guard lock(mutex_);
  return report_ != nullptr && !verdict_;
}

void Session::dispose() {
  {
    const std::lock_guard lock(disposing_);
    lanes_.reset();
  }
  link_.reset();
}

// ---- the end

void Session::condemn(Verdict verdict) {
  ExitVerdict exitVerdict = exitVerdictOf(verdict.kind);
  {
    const std::lock_guard lock(mutex_);
    if (exitVerdict == ExitVerdict::deadlineExceeded && phase_ == Phase::loading)
      exitVerdict = ExitVerdict::loadTimedOut;
    if (exitVerdict == ExitVerdict::deadlineExceeded && phase_ == Phase::closing)
      exitVerdict = ExitVerdict::shutDownTimedOut;
  }
  condemn(exitVerdict, std::move(verdict));
}

void Session::condemn(ExitVerdict verdict, Verdict why) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = !verdict_ && report_ == nullptr;
    if (first) {
      verdict_ = std::move(why);
      exitVerdict_ = verdict;
    }
  }
  lose();
  if (first) link_->kill();
}

void Session::lose() {
  if (lost_.exchange(true, std::memory_order_seq_cst)) {
    // Another thread is at it. This one may not return before calls go elsewhere, either.
    while (death_.load(std::memory_order_acquire) == 0) {
      (void)doorbell::wait(death_, 0, 0, doorbell::Scope::processPrivate);
    }
    return;
  }
  // Calls go elsewhere before any caller learns of the death: its next call must not come back here.
  if (const auto events = events_.lock()) events->onLost(*this);
  death_.store(1, std::memory_order_seq_cst);
  doorbell::wake(death_, doorbell::Scope::processPrivate, INT_MAX);
  if (lanes_ != nullptr) lanes_->wakeAll();
}

void Session::onEnd(const ExitStatus& status) {
  auto report = std::make_shared<ExitReport>();
  status.writeTo(*report);
  const char* const inFlight = lanes_->inFlight();
  {
    const std::lock_guard lock(mutex_);
    report->verdict = exitVerdict_;
    if (verdict_) {
      report->text = verdict_->text;
      report->method = verdict_->method;
    }
    report->module = context_.slot->name();
    report->generation = generation_;
    report->pid = pid_;
    report->tier = tier_;
    if (report->method.empty() && inFlight != nullptr) report->method = inFlight;
    report_ = report;
    if (step_ != Step::lockedDown && step_ != Step::failed) {
      step_ = Step::failed;
      failure_ = Error(ErrorBody{ErrorKind::workerStartFailed,
                                 {},
                                 {},
                                 {},
                                 "the worker program " + program_ + " ended before it was ready: " + report->describe(),
                                 report});
    }
  }
  lose();
  if (const auto events = events_.lock()) events->onExit(*this, std::move(report));
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

Error Session::deathError(const char* method) const {
  const std::lock_guard lock(mutex_);
  ErrorBody body{ErrorKind::moduleDied, {}, method, {}, {}, report_};
  if (verdict_) {
    // Every call under way ends so, not only the one whose lane it was.
    if (verdict_->kind == ErrorKind::protocolViolation) body.kind = ErrorKind::protocolViolation;
    body.text = "its worker was killed: " + (verdict_->method.empty() ? "" : verdict_->method + ": ") + verdict_->text;
  } else if (report_ != nullptr) {
    body.text = "the worker died: " + report_->describe() + "; the next call uses a fresh one";
  } else {
    body.text = "the worker is gone";
  }
  return Error(std::move(body));
}

void Session::onViolation(std::string what) {
  condemn({ErrorKind::protocolViolation, {}, printable(what, control::kMaxTextBytes)});
}

void Session::onLine(LogLine::Source source, std::uint32_t level, std::string_view line) {
  detail::deliverLog(*context_.options, {source, level, context_.slot->name(), generation_, line});
}

// ---- lanes

Result<HostLane*> Session::acquireLane(std::int64_t deadlineNs, const detail::CancelScope* cancel) {
  if (HostLane* const own = thread_lanes::find(serial_)) return own;
  auto lane = lanes_->acquire(deadlineNs, cancel);
  if (lane) thread_lanes::keep(serial_, **lane, weak_from_this());
  return lane;
}

void Session::releaseLane(HostLane& lane) {
  const std::lock_guard lock(disposing_);
  if (lanes_ != nullptr) lanes_->release(lane);
}

// ---- imports

bool Session::declaresImport(std::uint64_t interfaceId, std::uint16_t ordinal) const {
  const manifest::Interface* const interface = context_.file->manifest().find(interfaceId);
  return interface != nullptr && ordinal < interface->methods.size();
}

// Those of threads that the module started:

void Session::onImportWaiting(std::uint32_t index) {
  auto lane = lanes_->importLane(index);
  if (!lane) return condemn({ErrorKind::resourceExhausted, {}, lane.error().text()});
  if (*lane == nullptr) return onViolation("a hint for a lane that is none");
  threadImports_.fetch_add(1, std::memory_order_acq_rel);
  // One job at a time looks into a lane; hints that come meanwhile make it look again.
  std::atomic<std::uint32_t>& hints = hints_[index - options_.maxLanes];
  if (hints.fetch_add(1, std::memory_order_acq_rel) != 0) return;
  HostLane* const hostLane = *lane;
  importJobs_.fetch_add(1, std::memory_order_relaxed);  // before exited() and idle(), on this same thread
  const auto offer = [self = shared_from_this(), &hints, hostLane] {
    return self->services_->imports().post([self, &hints, hostLane] { self->serveImports(hints, *hostLane); });
  };
  if (offer()) return;
  // Threads that have answered may not have come back yet: only after some more looks there is none.
  services_->reclaim([self = shared_from_this(), &hints, hostLane, offer, looks = 0]() mutable {
    if (offer()) return true;
    if (++looks < kImportLooks && !self->lost()) return false;
    self->refuseImport(hints, *hostLane);
    return true;
  });
}

void Session::refuseImport(std::atomic<std::uint32_t>& hints, HostLane& lane) {
  const Error refusal(ErrorKind::overloaded,
                      "all threads for imports of modules' own threads are busy: raise "
                      "HostOptions::importThreads");
  if (!lost()) lane.serveWaiting(&refusal);
  hints.store(0, std::memory_order_release);
  importJobs_.fetch_sub(1, std::memory_order_release);  // pairs with idle(), as in serveImports()
}

void Session::serveImports(std::atomic<std::uint32_t>& hints, HostLane& lane) {
  {
    const thread_lanes::Borrowed borrowed(serial_, lane);
    std::uint32_t seen = hints.load(std::memory_order_acquire);
    while (!lost()) {
      lane.serveWaiting(nullptr);
      if (hints.compare_exchange_strong(seen, 0, std::memory_order_acq_rel)) break;
    }
  }
  importJobs_.fetch_sub(1, std::memory_order_release);  // pairs with idle(): the lane is not touched any more
}

}  // namespace bulkhead::isolated
