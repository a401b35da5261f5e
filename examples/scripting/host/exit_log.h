// The exit reports of workers, as the host hands them out: after the kill, a moment later than the caller's error.
#pragma once

#include <bulkhead/exit_report.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

class ExitLog {
 public:
  void add(const bulkhead::ExitReport& report) {
    const std::lock_guard lock(mutex_);
    lines_[report.generation] = report.describe();
    added_.notify_all();
  }

  // The report on a generation, in one line; empty when none came within ten seconds.
  std::string await(std::uint64_t generation) {
    std::unique_lock lock(mutex_);
    added_.wait_for(lock, std::chrono::seconds(10), [&] { return lines_.contains(generation); });
    return lines_.contains(generation) ? lines_[generation] : std::string();
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::map<std::uint64_t, std::string> lines_;
};
