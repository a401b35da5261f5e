#include "shared/doorbell/spin.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace bulkhead::doorbell {
namespace {

std::atomic<int> spinners{0};

int countCpus() noexcept {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));  // more CPUs than cpu_set_t holds
}

// 0: not counted yet. Relaxed: any thread may count, all come to the same.
std::atomic<int> cpus{0};

}  // namespace

int usableCpus() noexcept {
  const int known = cpus.load(std::memory_order_relaxed);
  return known != 0 ? known : internal::recountCpus();
}

namespace internal {

int recountCpus() noexcept {
  const int count = countCpus();
  cpus.store(count, std::memory_order_relaxed);
  return count;
}

bool enterSpin() noexcept {
  const int limit = usableCpus();
  if (limit == 1) return false;
  // Relaxed: the count guards no data.
  if (spinners.fetch_add(1, std::memory_order_relaxed) < limit) return true;
  leaveSpin();
  return false;
}

void leaveSpin() noexcept { spinners.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace internal
}  // namespace bulkhead::doorbell
