#include "host/isolated/task_pool.h"

#include <system_error>
#include <utility>

namespace bulkhead::isolated {

bool TaskPool::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  if (idle_ <= queue_.size() && threads_.size() < maxThreads_) {
    try {
      threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      if (threads_.empty()) return false;
    }
  } else if (idle_ <= queue_.size() && queue_.size() - idle_ >= maxQueued_) {
    return false;
  }
  queue_.push_back(std::move(task));
  changed_.notify_one();
  return true;
}

void TaskPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    --idle_;
    if (closed_) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

void TaskPool::close() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    queue_.clear();
    threads.swap(threads_);
    changed_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace bulkhead::isolated
