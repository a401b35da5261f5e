// Tells the host of calls in its own process that are past their deadline, while they hang.
#pragma once

#include "host/watchdog/stack_signal.h"

#include <bulkhead/detail/watched_call.h>
#include <bulkhead/host.h>
#include <bulkhead/stuck_call.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bulkhead::watchdog {

// One for a host that wants to know. Has a thread from the first watched call to stop(); it sleeps until a deadline is
// due. A call pays for one uncontended lock at each end.
class Watchdog : public std::enable_shared_from_this<Watchdog> {
 public:
  explicit Watchdog(std::shared_ptr<const HostOptions> options);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  // The call with its names, start and deadline, on the thread that makes it. The names are borrowed until end().
  void begin(detail::WatchedCall& call) noexcept;
  void end(detail::WatchedCall& call) noexcept;
  // No report is made or under way after this, except the one whose callback calls it.
  void stop() noexcept;

 private:
  // Calls by thread, so that threads do not meet at one lock.
  struct alignas(64) Shard {
    std::mutex mutex;
    detail::WatchedCall* first = nullptr;
    std::uint64_t lastId = 0;
  };
  // A call that is due, with all that outlives it.
  struct Suspect {
    Shard* shard;
    std::uint64_t id;
    std::int64_t startNs;
    StuckCall report;
  };

  bool isForeign() const noexcept;
  Shard& shardOf(int threadId) noexcept;
  void wakeBy(std::int64_t ns) noexcept;
  void startThread() noexcept;
  void run() noexcept;
  bool sleep();
  std::int64_t collectDue(std::vector<Suspect>& due);
  static bool isStillThere(const Suspect& suspect);
  void report(std::vector<Suspect>& due);
  CapturedStack stackOf(int threadId);

  const std::shared_ptr<const HostOptions> options_;
  const std::uint32_t epoch_;  // of forks: a child has no such thread
  std::array<Shard, 16> shards_;
  std::atomic<bool> stopped_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::int64_t> wakesAtNs_;  // when the thread looks next; written with the lock held
  std::thread thread_;
  std::unique_ptr<StackSignal> signal_;  // the thread's, from the first report on
};

}  // namespace bulkhead::watchdog
