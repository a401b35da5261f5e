#include "shared/doorbell/spin.h"

#include <sched.h>
#include <unistd.h>

#include <atomic>

namespace bulkhead::doorbell {
namespace {

std::atomic<int> spinners{0};

int countCpus() noexcept {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online < 1 ? 1 : static_cast<int>(online);
}

// 0: not counted yet. Relaxed: any thread may count, all come to the same.
std::atomic<int> cpus{0};

}  // namespace

int usableCpus() noexcept {
  int known = cpus.load(std::memory_order_relaxed);
  if (known == 0) [[unlikely]] {
    known = countCpus();
    cpus.store(known, std::memory_order_relaxed);
  }
  return known;
}

std::uint32_t currentCpu() noexcept { return static_cast<std::uint32_t>(::sched_getcpu()); }

namespace internal {

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
