// What all isolated modules of a Host share: one thread for control, death and kill; one that spawns; pools for what
// may block. None of it grows with the number of workers.
#pragma once

#include "host/isolated/fork_guard.h"
#include "host/isolated/spawner.h"
#include "host/isolated/task_pool.h"

#include <bulkhead/host.h>
#include <bulkhead/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace bulkhead::isolated {

class Services {
 public:
  // resourceExhausted when the system gives no thread or pipe.
  static Result<std::shared_ptr<Services>> start(const HostOptions& options);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Ends all threads; workers that are left die. Not from one of its threads. Idempotent.
  void close();

  // Whether this is a forked child of the process that it belongs to. Then nothing else may be used.
  bool foreign() const noexcept { return epoch_ != fork_guard::epoch.load(std::memory_order_relaxed); }

  // Of the service thread: handlers must not block.
  boost::asio::io_context& io() noexcept { return *io_; }
  Spawner& spawner() noexcept { return *spawner_; }
  TaskPool& starts() noexcept { return starts_; }    // loading and restarting workers, callbacks
  TaskPool& imports() noexcept { return imports_; }  // imports of threads that modules started
  const std::string& workerProgram() const noexcept { return workerProgram_; }
  // The read end of the pipe whose end of file tells a worker that this process is gone.
  int lifeline() const noexcept { return lifelineRead_.get(); }

  // Runs `attempt` on the service thread every few milliseconds until it returns true: for what waits on calls in
  // flight, which do not announce their end.
  void reclaim(std::function<bool()> attempt);

  // Returns when the service thread has run everything that was posted before. Not from that thread.
  void sync();

 private:
  explicit Services(const HostOptions& options);
  Result<void> begin();

  struct Reclaimer;

  const std::uint32_t epoch_ = fork_guard::epoch.load(std::memory_order_relaxed);
  const std::string workerProgram_;
  std::unique_ptr<boost::asio::io_context> io_;
  std::unique_ptr<Reclaimer> reclaimer_;
  posix::UniqueFd lifelineRead_;
  posix::UniqueFd lifelineWrite_;
  std::unique_ptr<Spawner> spawner_;
  TaskPool starts_;
  TaskPool imports_;
  std::thread thread_;
};

}  // namespace bulkhead::isolated
