// The one thread of all watches of this process, from outside.
#pragma once

#include "host/watch/watched_file.h"

#include <bulkhead/result.h>

#include <memory>
#include <thread>

namespace bulkhead::watch {

class Loop;

// Exists while somebody shares it. Any thread; its own, too.
class Service {
 public:
  // resourceExhausted when the system gives no inotify instance or thread.
  static Result<std::shared_ptr<Service>> shared();
  // Waits for the end of the thread, unless it is the caller.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // FileWatch::start.
  Result<void> add(const std::shared_ptr<WatchedFile>& file);
  // Never block.
  void forget(const std::shared_ptr<WatchedFile>& file);
  void touch(const std::shared_ptr<WatchedFile>& file);

  // Whether this is a forked child of the process that it belongs to, where its thread is not.
  bool isForeign() const noexcept;
  // Keeps an object of the parent's from being destroyed in a forked child.
  static void abandon(std::shared_ptr<const void> object);

 private:
  explicit Service(std::shared_ptr<Loop> loop);
  static Result<std::shared_ptr<Service>> make();

  const std::shared_ptr<Loop> loop_;  // the thread's, too
  const int owner_;                   // process id
  std::thread thread_;
};

}  // namespace bulkhead::watch
