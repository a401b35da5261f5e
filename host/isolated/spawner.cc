#include "host/isolated/spawner.h"

#include "host/isolated/spawn_child.h"
#include "shared/posix/errno_error.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <new>
#include <optional>
#include <system_error>
#include <utility>

namespace bulkhead::isolated {
namespace {

constexpr std::size_t kChildStackBytes = 32 * 1024;

const char* describe(SpawnStep step) noexcept {
  switch (step) {
    case SpawnStep::none: return "clone";
    case SpawnStep::parentDeathSignal: return "parent-death signal";
    case SpawnStep::descriptors: return "descriptors";
    case SpawnStep::closeOthers: return "close_range";
    case SpawnStep::limits: return "resource limits";
    case SpawnStep::noNewPrivileges: return "no_new_privs";
    case SpawnStep::exec: return "execve";
  }
  return "launch";
}

Error launchFailed(const LaunchSpec& spec, SpawnStep step, int number) {
  return posix::errnoError(ErrorKind::workerStartFailed,
                           "cannot start the worker program " + spec.name + ": " + describe(step), number);
}

std::vector<const char*> pointers(const std::vector<std::string>& lines) {
  std::vector<const char*> result;
  result.reserve(lines.size() + 1);
  for (const std::string& line : lines) result.push_back(line.c_str());
  result.push_back(nullptr);
  return result;
}

// All signals, those that libc keeps to itself included: a handler that ran in the child would run on the host's
// memory.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() noexcept {
    const std::uint64_t all = ~std::uint64_t{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof all);
  }
  ~AllSignalsBlocked() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  std::uint64_t before_ = 0;
};

// Runs on the spawner's thread alone: the parent-death signal counts from it.
Result<Process> spawn(const LaunchSpec& spec, std::byte* stack) {
  const auto arguments = pointers(spec.arguments);
  const auto environment = pointers(spec.environment);
  std::vector<int> duplicates(spec.descriptors.size());
  std::vector<int> resources;
  std::vector<rlimit> values;
  for (const ResourceLimit& limit : spec.limits) {
    resources.push_back(limit.resource);
    values.push_back(limit.value);
  }
  SpawnPlan plan{};
  plan.program = spec.program;
  plan.arguments = arguments.data();
  plan.environment = environment.data();
  plan.descriptors = spec.descriptors.data();
  plan.duplicates = duplicates.data();
  plan.descriptorCount = static_cast<int>(spec.descriptors.size());
  plan.limitResources = resources.data();
  plan.limitValues = values.data();
  plan.limitCount = static_cast<int>(values.size());
  plan.parent = ::getpid();

  int pidfd = -1;
  long pid = 0;
  {
    const AllSignalsBlocked blocked;
    pid = spawnChild(plan, stack, kChildStackBytes, pidfd);
  }
  if (pid < 0) return launchFailed(spec, SpawnStep::none, static_cast<int>(-pid));
  Process process(static_cast<pid_t>(pid), posix::UniqueFd(pidfd));
  // A child that never ran the program is reaped by its destructor.
  if (plan.failedStep != SpawnStep::none) return launchFailed(spec, plan.failedStep, plan.failure);
  return process;
}

Result<Process> spawnOrFail(const LaunchSpec& spec, std::byte* stack) {
  try {
    return spawn(spec, stack);
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resourceExhausted, "cannot start the worker program " + spec.name + ": out of memory");
  }
}

}  // namespace

struct Spawner::Job {
  const LaunchSpec& spec;
  std::optional<Result<Process>> outcome;
};

Spawner::Spawner() : owner_(::getpid()) {}

Result<std::unique_ptr<Spawner>> Spawner::start() {
  std::unique_ptr<Spawner> spawner(new Spawner);
  // The host's signal handlers have no business on this thread; it inherits the mask.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int failure = 0;
  try {
    spawner->thread_ = std::thread([raw = spawner.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    failure = error.code().value();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure != 0)
    return posix::errnoError(ErrorKind::resourceExhausted, "cannot start the spawner's thread", failure);
  return spawner;
}

Spawner::~Spawner() {
  if (!thread_.joinable()) return;
  if (::getpid() != owner_) {  // a forked child has the object but not the thread
    thread_.detach();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<Process> Spawner::launch(const LaunchSpec& spec) {
  Job job{spec, std::nullopt};
  std::unique_lock lock(mutex_);
  queue_.push_back(&job);
  changed_.notify_all();
  changed_.wait(lock, [&] { return job.outcome.has_value(); });
  return *std::move(job.outcome);
}

void Spawner::run() {
  ::pthread_setname_np(::pthread_self(), "bulkhead-spawn");
  const auto stack = std::make_unique<std::byte[]>(kChildStackBytes);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Job* job = queue_.front();
    queue_.erase(queue_.begin());
    lock.unlock();
    Result<Process> outcome = spawnOrFail(job->spec, stack.get());
    lock.lock();
    job->outcome.emplace(std::move(outcome));
    changed_.notify_all();
  }
}

}  // namespace bulkhead::isolated
