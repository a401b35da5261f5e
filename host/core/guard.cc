#include "host/core/guard.h"

#include "shared/clock.h"

#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/guard.h>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <new>
#include <vector>

namespace bulkhead::detail {
namespace {

using Marks = std::atomic<CallMark>;

// Arrays of all threads that ever called. Never freed, reused after thread exit: an array of an exited thread holds
// only zeros, so looking at it is harmless.
struct ThreadMarks {
  Marks* marks;
  std::int32_t tid;  // of the thread that has them now, or had them last
};

struct Registry {
  std::mutex mutex;
  std::vector<ThreadMarks> all;
  std::vector<Marks*> unused;
  std::vector<void*> blocks;  // where they begin: leak checkers take a pointer to the middle for a doubtful one
  std::vector<std::uint32_t> freeIds;
  std::uint32_t nextId = kNoGuard + 1;
};

Registry& registry() {
  static Registry* const instance = new Registry;  // outlives every thread and every static destructor
  return *instance;
}

struct ReturnAtThreadExit {
  Marks* marks = nullptr;
  ~ReturnAtThreadExit() {
    callThread.marks = nullptr;
    callThread.plainMarks = nullptr;
    if (marks == nullptr) return;
    const std::lock_guard lock(registry().mutex);
    registry().unused.push_back(marks);
  }
};

int membarrier(int command) noexcept { return static_cast<int>(::syscall(SYS_membarrier, command, 0, 0)); }

bool registerForBarriers() noexcept {
  static const bool registered = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  return registered;
}

}  // namespace

std::atomic<CallMark>* registerCallThread() {
  thread_local ReturnAtThreadExit atExit;
  const std::lock_guard lock(registry().mutex);
  if (!registry().unused.empty()) {
    atExit.marks = registry().unused.back();
    registry().unused.pop_back();
    for (ThreadMarks& each : registry().all) {
      if (each.marks == atExit.marks) each.tid = ::gettid();
    }
  } else {
    // Big enough that the allocator maps it: pages cost memory once an id in them is used.
    void* const memory = std::calloc(1, kCollectorBytes + kGuardIds * sizeof(Marks));
    if (memory == nullptr) std::abort();
    ::new (memory) ErrorCollector;
    atExit.marks = reinterpret_cast<Marks*>(static_cast<char*>(memory) + kCollectorBytes);
    registry().all.push_back({atExit.marks, ::gettid()});
    registry().blocks.push_back(memory);
  }
  callThread.marks = atExit.marks;
  callThread.optionsChanged();
  return atExit.marks;
}

Result<std::uint32_t> acquireGuardId() {
  if (!registerForBarriers()) {
    return Error(ErrorKind::requirementNotMet,
                 "the kernel refuses membarrier(2), which the call guard needs; allow it in the seccomp policy of this "
                 "process, or run on Linux 4.14 or later");
  }
  const std::lock_guard lock(registry().mutex);
  if (!registry().freeIds.empty()) {
    const std::uint32_t id = registry().freeIds.back();
    registry().freeIds.pop_back();
    return id;
  }
  if (registry().nextId == kGuardIds) {
    return Error(ErrorKind::resourceExhausted, "65,535 modules are alive in this process: unload some");
  }
  return registry().nextId++;
}

void releaseGuardId(std::uint32_t id) noexcept {
  const std::lock_guard lock(registry().mutex);
  registry().freeIds.push_back(id);
}

void guardBarrier() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

std::uint64_t guardCount(std::uint32_t id) noexcept {
  const std::lock_guard lock(registry().mutex);
  std::uint64_t sum = 0;
  for (const auto& [marks, tid] : registry().all) sum += marks[id].load(std::memory_order_acquire) != 0 ? 1 : 0;
  return sum;
}

std::vector<CallUnderWay> guardCalls(std::uint32_t id) {
  const std::lock_guard lock(registry().mutex);
  std::vector<CallUnderWay> calls;
  for (const auto& [marks, tid] : registry().all) {
    const CallMark mark = marks[id].load(std::memory_order_acquire) & ~kAskedFor;
    if (mark != 0) calls.push_back({tid, reinterpret_cast<const BulkheadMethod*>(mark)->name});
  }
  return calls;
}

bool guardHeldHere(std::uint32_t id) noexcept {
  const Marks* const marks = callThread.marks;
  return id != kNoGuard && marks != nullptr && marks[id].load(std::memory_order_relaxed) != 0;
}

bool guardDrain(std::uint32_t id, std::int64_t deadlineNs) noexcept {
  guardBarrier();
  // Calls do not announce their end (that would cost each of them a shared cache line): the waiter looks, ever more
  // rarely.
  for (std::int64_t pauseNs = 10'000; guardCount(id) != 0; pauseNs = std::min<std::int64_t>(pauseNs * 2, 1'000'000)) {
    if (nowNs() >= deadlineNs) return false;
    const timespec pause{0, static_cast<long>(pauseNs)};
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace bulkhead::detail
