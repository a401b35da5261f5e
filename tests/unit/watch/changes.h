// What watches told, in order; and files for them to watch.
#pragma once

#include "tests/unit/manifest/manifest_builder.h"
#include "tests/unit/manifest/scratch_file.h"

#include <bulkhead/watch.h>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

namespace bulkhead::testing {

namespace fs = std::filesystem;

// A complete module file; of each version another one.
inline Bytes moduleBytes(int version) {
  ContractSpec contract = calcContract();
  contract.name += std::to_string(version);
  return moduleFile(contract).build();
}

class Changes {
 public:
  std::function<void(const FileChange&)> sink() {
    return [this](const FileChange& change) {
      const std::lock_guard lock(mutex_);
      queue_.push_back(change);
      arrived_.notify_all();
    };
  }
  // Waits for the next one.
  FileChange next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, std::chrono::seconds(60), [this] { return !queue_.empty(); })) {
      throw std::runtime_error("nothing was told");
    }
    FileChange change = queue_.front();
    queue_.pop_front();
    return change;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return queue_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<FileChange> queue_;
};

// Tells when everything that happened to other files before has been looked at: one thread looks at all of them, in the
// order of their last events.
class Sentinel {
 public:
  explicit Sentinel(std::chrono::milliseconds quiet) {
    folder_.write("sentinel.so", moduleBytes(version_));
    watch_ = std::make_unique<FileWatch>(
        FileWatch::start(folder_.at("sentinel.so"), changes_.sink(), {.quiet = quiet}).value());
  }
  void pass() {
    folder_.write("sentinel.so", moduleBytes(++version_));
    EXPECT_EQ(changes_.next().kind, FileChange::Kind::changed);
  }

 private:
  int version_ = 1000;
  ScratchFolder folder_;
  Changes changes_;
  std::unique_ptr<FileWatch> watch_;
};

}  // namespace bulkhead::testing
