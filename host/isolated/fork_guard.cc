#include "host/isolated/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
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
  forked.store(true, std::memory_order_relaxed);
  for (const int fd : registry().descriptors) ::close(fd);
  registry().mutex.unlock();
}

void installOnce() {
  static const int installed = ::pthread_atfork(&beforeFork, &afterForkInParent, &afterForkInChild);
  (void)installed;
}

}  // namespace

void add(int fd) {
  installOnce();
  const std::lock_guard lock(registry().mutex);
  registry().descriptors.push_back(fd);
}

void remove(int fd) {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().descriptors, fd);
}

}  // namespace bulkhead::isolated::fork_guard
