// Threads on demand for work that may block in the embedder's or a module's hands, so that the service thread never
// does.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bulkhead::isolated {

// Threads are started when a task finds none idle, up to a limit, and stay until close(). Any thread may post.
class TaskPool {
 public:
  using Task = std::function<void()>;

  // `maxQueued` tasks may wait for a thread at once.
  TaskPool(std::uint32_t maxThreads, std::size_t maxQueued) : maxThreads_(maxThreads), maxQueued_(maxQueued) {}
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;
  ~TaskPool() { close(); }

  // False when all threads are busy and the queue is full, when the system gives no thread, or after close(): the task
  // is dropped. Never blocks. Tasks must not throw.
  bool post(Task task);

  // Refuses new tasks, drops waiting ones, and waits for those that run. From no task.
  void close();

 private:
  void run();

  const std::uint32_t maxThreads_;
  const std::size_t maxQueued_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  std::vector<std::thread> threads_;
  std::uint32_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace bulkhead::isolated
