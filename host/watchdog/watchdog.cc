#include "host/watchdog/watchdog.h"

#include "host/core/symboliser.h"
#include "shared/clock.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <limits>
#include <new>
#include <utility>

namespace bulkhead::watchdog {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// Between two reports of one call at least.
constexpr std::int64_t kLeastPauseNs = 100'000'000;
// A thread answers in microseconds, if it is let and there is a processor for it.
constexpr std::chrono::milliseconds kCaptureLimit{1000};

// Counts forks.
std::atomic<std::uint32_t> epoch{0};

std::uint32_t currentEpoch() {
  static const bool counted = [] {
    const auto inChild = [] { epoch.fetch_add(1, std::memory_order_relaxed); };
    return ::pthread_atfork(nullptr, nullptr, inChild) == 0;
  }();
  static_cast<void>(counted);
  return epoch.load(std::memory_order_relaxed);
}

int threadIdHere() noexcept {
  static thread_local const int id = ::gettid();
  return id;
}

std::string threadName(int threadId) {
  std::ifstream file("/proc/self/task/" + std::to_string(threadId) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

// Each report of a call comes after twice the time of the one before.
std::int64_t nextReport(const detail::WatchedCall& call) noexcept {
  const std::int64_t elapsedNs = std::max<std::int64_t>(call.reportAtNs - call.startNs, 0);
  return later(call.reportAtNs, std::max(elapsedNs, kLeastPauseNs));
}

}  // namespace

Watchdog::Watchdog(std::shared_ptr<const HostOptions> options)
    : options_(std::move(options)), epoch_(currentEpoch()), wakesAtNs_(kNever) {}

Watchdog::~Watchdog() { stop(); }

bool Watchdog::isForeign() const noexcept { return epoch.load(std::memory_order_relaxed) != epoch_; }

Watchdog::Shard& Watchdog::shardOf(int threadId) noexcept {
  return shards_[static_cast<std::size_t>(threadId) % shards_.size()];
}

void Watchdog::begin(detail::WatchedCall& call) noexcept {
  if (stopped_.load(std::memory_order_relaxed) || isForeign()) return;
  call.threadId = threadIdHere();
  call.reportAtNs = call.deadlineNs;
  Shard& shard = shardOf(call.threadId);
  {
    const std::lock_guard lock(shard.mutex);
    call.id = ++shard.lastId;
    call.next = shard.first;
    if (call.next != nullptr) call.next->previous = &call;
    shard.first = &call;
  }
  // The thread sets it to kNever before it looks at the shards: either it finds this call there, or this one sees that.
  if (call.deadlineNs < wakesAtNs_.load(std::memory_order_seq_cst)) wakeBy(call.deadlineNs);
}

void Watchdog::end(detail::WatchedCall& call) noexcept {
  if (call.id == 0 || isForeign()) return;
  const std::lock_guard lock(shardOf(call.threadId).mutex);
  if (call.next != nullptr) call.next->previous = call.previous;
  (call.previous != nullptr ? call.previous->next : shardOf(call.threadId).first) = call.next;
  call.id = 0;
}

void Watchdog::wakeBy(std::int64_t ns) noexcept {
  const std::lock_guard lock(mutex_);
  if (stopped_.load(std::memory_order_relaxed)) return;
  if (!thread_.joinable()) startThread();
  if (!thread_.joinable() || ns >= wakesAtNs_.load(std::memory_order_relaxed)) return;
  wakesAtNs_.store(ns, std::memory_order_seq_cst);
  changed_.notify_one();
}

// Without memory for a thread nobody is told; the next call tries again.
void Watchdog::startThread() noexcept {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);  // the host's signals have no business on this thread
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
    ::pthread_setname_np(thread_.native_handle(), "bulkhead-watch");
  } catch (const std::exception&) {  // said above
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Watchdog::stop() noexcept {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (isForeign()) {
    if (thread_.joinable()) (void)new (std::nothrow) std::thread(std::move(thread_));  // it does not exist here
    return;
  }
  lock.lock();
  stopped_.store(true, std::memory_order_relaxed);
  changed_.notify_one();
  std::thread thread = std::move(thread_);
  lock.unlock();
  if (!thread.joinable()) return;
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();  // the host is destroyed by its own callback
  } else {
    thread.join();
  }
}

void Watchdog::run() noexcept {
  std::vector<Suspect> due;
  while (sleep()) {
    std::int64_t nextNs = kNever;
    try {
      nextNs = collectDue(due);
      report(due);
    } catch (const std::exception&) {  // no memory for a report: the call's next one may have some
    }
    due.clear();
    const std::lock_guard lock(mutex_);
    wakesAtNs_.store(std::min(nextNs, wakesAtNs_.load(std::memory_order_relaxed)), std::memory_order_seq_cst);
  }
  signal_.reset();
}

// Until the next look is due, whether or not the call that asked for it is still there: many short calls do not wake
// the thread each. False at the end.
bool Watchdog::sleep() {
  std::unique_lock lock(mutex_);
  while (!stopped_.load(std::memory_order_relaxed)) {
    const std::int64_t untilNs = wakesAtNs_.load(std::memory_order_relaxed);
    if (untilNs == kNever) {
      changed_.wait(lock);
    } else if (nowNs() < untilNs) {
      changed_.wait_until(lock, timePoint(untilNs));
    } else {
      wakesAtNs_.store(kNever, std::memory_order_seq_cst);
      return true;
    }
  }
  return false;
}

// Gives the time at which the next one is due.
std::int64_t Watchdog::collectDue(std::vector<Suspect>& due) {
  std::int64_t nextNs = kNever;
  const std::int64_t now = nowNs();
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (detail::WatchedCall* call = shard.first; call != nullptr; call = call->next) {
      if (call->reportAtNs <= now) {
        StuckCall stuck;
        stuck.module = call->module;
        stuck.method = call->method;
        stuck.generation = call->generation;
        stuck.threadId = call->threadId;
        stuck.deadline = std::chrono::nanoseconds(call->deadlineNs - call->startNs);
        stuck.report = ++call->reports;
        while (call->reportAtNs <= now) call->reportAtNs = nextReport(*call);
        due.push_back({&shard, call->id, call->startNs, std::move(stuck)});
      }
      nextNs = std::min(nextNs, call->reportAtNs);
    }
  }
  return nextNs;
}

bool Watchdog::isStillThere(const Suspect& suspect) {
  const std::lock_guard lock(suspect.shard->mutex);
  for (const detail::WatchedCall* call = suspect.shard->first; call != nullptr; call = call->next) {
    if (call->id == suspect.id) return true;
  }
  return false;
}

CapturedStack Watchdog::stackOf(int threadId) {
  if (signal_ == nullptr) {
    auto taken = StackSignal::take(options_->stackSignal);
    if (!taken) return {{}, taken.error().text()};
    signal_ = *std::move(taken);
  }
  return signal_->capture(threadId, kCaptureLimit);
}

// A call that was there before and after its stack was taken was there meanwhile.
void Watchdog::report(std::vector<Suspect>& due) {
  if (due.empty()) return;
  detail::Symboliser symboliser;
  for (Suspect& suspect : due) {
    if (stopped_.load(std::memory_order_relaxed)) return;
    StuckCall& stuck = suspect.report;
    CapturedStack stack = stackOf(stuck.threadId);
    stuck.threadName = threadName(stuck.threadId);
    stuck.runningFor = std::chrono::nanoseconds(nowNs() - suspect.startNs);
    if (!isStillThere(suspect)) continue;
    stuck.stack = symboliser.frames(stack.addresses);
    stuck.noStack = std::move(stack.why);
    try {
      options_->onStuckCall(stuck);
    } catch (...) {  // its contract says that it must not; nobody is there to tell
    }
  }
}

}  // namespace bulkhead::watchdog
