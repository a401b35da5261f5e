// The first half of a worker's life: from its launch to LockedDown (proto/control.capnp).
#include "host/isolated/environment.h"
#include "host/isolated/session.h"
#include "host/isolated/worker_program.h"
#include "shared/clock.h"
#include "shared/posix/errno_error.h"

#include <bulkhead/contract_host.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace bulkhead::isolated {
namespace {

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

}  // namespace

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
  setup.load.originalPath = context_.file->originalPath();
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

}  // namespace bulkhead::isolated
