// What is behind a Reloader: what is to be done, and the thread that does it.
#pragma once

#include "host/core/module_record.h"
#include "host/watch/file_watch.h"

#include <bulkhead/reloader.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace bulkhead {

class Reloader::Implementation : public std::enable_shared_from_this<Reloader::Implementation> {
 public:
  Implementation(std::shared_ptr<detail::ModuleRecord> record, ReloaderOptions options);

  // The rest of Reloader::start.
  Result<void> begin();
  // ~Reloader.
  void close();
  // Whether this is a forked child of the process that it belongs to, where its thread is not.
  bool isForeign() const noexcept;

  void addHold();
  void releaseHold() noexcept;
  void request();

 private:
  void onChange(const FileChange& change);
  bool isNew(std::uint64_t content) const;
  // With the lock: sees to it that there is a thread if there is something to do.
  void wake();
  bool hasWork() const;
  bool isOwnThread() const { return isRunning_ && thread_.get_id() == std::this_thread::get_id(); }
  void run();
  void tell(const FileChange& change);
  void reload(std::unique_lock<std::mutex>& lock);
  Result<void> runBefore() const;
  void runAfter(const Result<ReloadReport>& reloaded) const;

  const std::shared_ptr<detail::ModuleRecord> record_;
  const ReloaderOptions options_;
  const std::string path_;
  const int owner_;  // process id
  std::unique_ptr<FileWatch::Implementation> watch_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FileChange> news_;           // for onFile
  std::optional<std::uint64_t> content_;  // of the file, if that is to be reloaded
  std::optional<std::uint64_t> refused_;  // the content that could not be reloaded last
  bool isAsked_ = false;                  // by reloadNow()
  bool isClosed_ = false;
  bool isReloading_ = false;  // no hold can stop it any more
  std::uint64_t holds_ = 0;
  bool isRunning_ = false;  // the thread; the last thing it does is to reset this
  std::thread thread_;
};

}  // namespace bulkhead
