#include "host/isolated/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace bulkhead::isolated::fork_guard {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<int> descriptors;
};

Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

void beforeFork() { registry().mutex.lock(); }
void afterForkInParent() { registry().mutex.unlock(); }
void afterForkInChild() {
  // The other threads are gone: only what is safe after fork in a threaded process.
  epoch.fetch_add(1, std::memory_order_relaxed);
  for (const int fd : registry().descriptors) ::close(fd);
  registry().descriptors.clear();  // frees nothing
  registry().mutex.unlock();
}

void installOnce() {
  static const int installed = ::pthread_atfork(&beforeFork, &afterForkInParent, &afterForkInChild);
  (void)installed;
}

}  // namespace

Error unavailable() {
  return Error(ErrorKind::unavailable,
               "this process is a forked child and its parent owns the worker: make a Host here and load the module");
}

void add(int fd) {
  installOnce();
  const std::lock_guard lock(registry().mutex);
  registry().descriptors.push_back(fd);
}

void remove(int fd) {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().descriptors, fd);
}

void abandon(std::shared_ptr<const void> object) {
  static auto* const kept = new std::vector<std::shared_ptr<const void>>;
  static auto* const mutex = new std::mutex;
  const std::lock_guard lock(*mutex);
  kept->push_back(std::move(object));
}

}  // namespace bulkhead::isolated::fork_guard
