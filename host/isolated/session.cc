#include "host/isolated/session.h"

#include "host/core/host_services.h"
#include "host/isolated/environment.h"
#include "host/isolated/thread_lanes.h"
#include "host/isolated/worker_program.h"
#include "shared/clock.h"
#include "shared/posix/errno_error.h"

#include <bulkhead/contract_host.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <filesystem>
#include <utility>
#include <variant>

namespace bulkhead::isolated {
namespace {

// How often a thread of the pool is looked for before an import is refused: some milliseconds.
constexpr int kImportLooks = 4;
// How long a killed process may take to be gone before the host goes on without it.
constexpr std::int64_t kReapNs = 2'000'000'000;

std::uint64_t nextSerial() noexcept {
  static std::atomic<std::uint64_t> serial{0};
  return serial.fetch_add(1, std::memory_order_relaxed) + 1;
}

struct Pipe {
  posix::UniqueFd read, write;
};

Result<Pipe> makePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return posix::errnoError(ErrorKind::resourceExhausted, "a pipe for output");
  Pipe pipe{posix::UniqueFd(ends[0]), posix::UniqueFd(ends[1])};
  // Only the host's end: the module's must behave like any output.
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

control::File identify(const std::string& path) {
  struct stat status {};
  (void)::stat(path.c_str(), &status);
  return {path, status.st_dev, status.st_ino};
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
      defaultDeadlineNs_(std::chrono::nanoseconds(options.deadline).count()),
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

// ---- start

Result<std::shared_ptr<Session>> Session::start(std::shared_ptr<Services> services, detail::ModuleContext context,
                                                const IsolatedOptions& options, std::uint64_t generation,
                                                std::weak_ptr<SessionEvents> events, std::int64_t deadlineNs) {
  std::shared_ptr<Session> session(
      new Session(std::move(services), std::move(context), options, generation, std::move(events)));
  if (auto made = session->makeLanes(); !made) return std::move(made).error();
  if (auto launched = session->launch(); !launched) return std::move(launched).error();
  auto ready = session->awaitLockdown(deadlineNs);
  if (ready) return session;
  (void)session->awaitExit(nowNs() + kReapNs);
  // On the service thread, which may be looking at it still; at once in general.
  session->services_->reclaim([session] {
    if (!session->exited()) return false;
    session->dispose();
    return true;
  });
  session->services_->sync();
  return std::move(ready).error();
}

Result<void> Session::makeLanes() {
  const std::size_t bytes =
      (std::size_t{options_.maxLanes} + options_.maxImportLanes) * std::size_t{options_.slotBytes};
  auto hostRegion = memory::Region::reserve(bytes, memory::Access::hostWrites);
  if (!hostRegion) return std::move(hostRegion).error();
  auto workerRegion = memory::Region::reserve(bytes, memory::Access::workerWrites);
  if (!workerRegion) return std::move(workerRegion).error();
  lanes_ =
      std::make_unique<LaneTable>(*this,
                                  LaneMemory{*std::move(hostRegion), *std::move(workerRegion), options_.slotBytes,
                                             options_.maxLanes, options_.maxImportLanes},
                                  death_, [this](std::uint32_t lane) { return link_->send(control::OpenLane{lane}); });
  return {};
}

Result<void> Session::launch() {
  auto program = findWorkerProgram(services_->workerProgram());
  if (!program) return std::move(program).error();
  program_ = program->path;
  auto sockets = control::Socket::pair();
  if (!sockets) return std::move(sockets).error();
  auto output = makePipe();
  if (!output) return std::move(output).error();
  auto errors = makePipe();
  if (!errors) return std::move(errors).error();
  const posix::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing) return posix::errnoError(ErrorKind::resourceExhausted, "/dev/null");

  LaunchSpec spec;
  spec.program = program->file.get();
  spec.name = program->path;
  spec.arguments = {kWorkerFileName, context_.slot->name()};
  spec.environment = workerEnvironment();
  spec.descriptors = {nothing.get(), output->write.get(), errors->write.get(), sockets->second.native(),
                      services_->lifeline()};
  spec.limits = {{RLIMIT_CORE, {0, 0}}};
  auto process = services_->spawner().launch(spec);
  if (!process) return std::move(process).error();
  pid_ = process->pid();
  link_ = std::make_shared<WorkerLink>(services_, WorkerLink::Wires{std::move(sockets->first), *std::move(process),
                                                                    std::move(output->read), std::move(errors->read)});
  link_->listen(weak_from_this());
  return {};
}

Result<void> Session::awaitLockdown(std::int64_t deadlineNs) {
  std::unique_lock lock(mutex_);
  const bool ended = changed_.wait_until(lock, timePoint(deadlineNs),
                                         [this] { return step_ == Step::lockedDown || step_ == Step::failed; });
  if (!ended) {
    lock.unlock();
    condemn(ExitVerdict::loadTimedOut, {ErrorKind::deadlineExceeded, {}, "it did not get ready in time"});
    return Error(ErrorKind::deadlineExceeded, "the worker program " + program_ + " did not get ready in time; killed");
  }
  if (step_ == Step::failed) return *failure_;
  return {};
}

void Session::failStart(ErrorKind kind, std::string text) {
  {
    const std::lock_guard lock(mutex_);
    if (step_ == Step::lockedDown || step_ == Step::failed) return;
    step_ = Step::failed;
    failure_ = Error(kind, text);
    changed_.notify_all();
  }
  condemn(kind == ErrorKind::requirementNotMet ? ExitVerdict::requirementNotMet : ExitVerdict::startFailed,
          {kind, {}, std::move(text)});
}

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

void Session::onHello(const control::Hello& hello) {
  {
    const std::lock_guard lock(mutex_);
    step_ = Step::hello;
  }
  if (hello.protocolVersion != control::protocolVersion() || hello.abiVersion != BULKHEAD_ABI_VERSION) {
    return failStart(ErrorKind::workerStartFailed,
                     "the worker program " + program_ + " speaks protocol " + std::to_string(hello.protocolVersion) +
                         " and ABI " + std::to_string(hello.abiVersion) + ", this host protocol " +
                         std::to_string(control::protocolVersion()) + " and ABI " +
                         std::to_string(BULKHEAD_ABI_VERSION) +
                         ": install the worker of this host's version, or name it in HostOptions::workerProgram");
  }
  if (auto sent = sendSetup(); !sent) failStart(ErrorKind::workerStartFailed, sent.error().text());
}

Result<void> Session::sendSetup() {
  control::Setup setup;
  setup.module = context_.slot->name();
  setup.generation = generation_;
  setup.hostRegionBytes = lanes_->hostRegion().size();
  setup.workerRegionBytes = lanes_->workerRegion().size();
  setup.laneCount = options_.maxLanes;
  setup.importLaneCount = options_.maxImportLanes;
  setup.slotBytes = options_.slotBytes;
  setup.laneStackBytes = options_.laneStackBytes;
  setup.maxMessageBytes = options_.maxMessageBytes;
  setup.maxNesting = detail::kMaxImportDepth;
  setup.limits = {options_.limits.memoryBytes, options_.limits.fileBytes, options_.limits.files,
                  options_.limits.cpuSeconds};
  setup.load.file = {context_.file->path(), context_.file->device(), context_.file->inode()};
  setup.load.originalDirectory = std::filesystem::path(context_.file->originalPath()).parent_path().string();
  for (const std::string& path : context_.file->dependencies()) setup.load.dependencies.push_back(identify(path));
  const int descriptors[] = {lanes_->hostRegion().descriptor(), lanes_->workerRegion().descriptor(),
                             context_.file->fd()};
  auto sent = link_->send(setup, descriptors);
  if (sent) lanes_->closeDescriptors();
  return sent;
}

void Session::onLockedDown(const control::LockedDown& lockedDown) {
  if (lockedDown.tier < options_.requiredTier) {
    std::string text = std::string("the worker reached ") + toString(lockedDown.tier) + ", required is " +
                       toString(options_.requiredTier);
    for (const control::LockdownStep& step : lockedDown.steps) {
      if (!step.reached) text += "; " + step.name + ": " + step.detail;
    }
    return failStart(ErrorKind::requirementNotMet, printable(text, control::kMaxTextBytes));
  }
  const std::lock_guard lock(mutex_);
  tier_ = lockedDown.tier;
  step_ = Step::lockedDown;
  changed_.notify_all();
}

Tier Session::tier() const {
  const std::lock_guard lock(mutex_);
  return tier_;
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
