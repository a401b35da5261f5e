// The host's side of the contract's imports: a log and a key-value store for scripts.
#pragma once

#include "scripting.host.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

// Imports may come from several threads at once.
class Store final : public scripting::host::ScriptHost {
 public:
  bulkhead::Result<void> log(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
    return {};
  }

  bulkhead::Result<void> put(std::string_view key, std::string_view value) override {
    if (key.empty()) return bulkhead::Error("a key must not be empty");
    const std::lock_guard lock(mutex_);
    entries_.insert_or_assign(std::string(key), std::string(value));
    return {};
  }

  bulkhead::Result<scripting::GetResult> get(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    ++reads_;
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return scripting::GetResult{};
    return scripting::GetResult{true, entry->second};
  }

  bulkhead::Result<std::vector<std::string>> keys(std::string_view prefix) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (auto entry = entries_.lower_bound(prefix); entry != entries_.end(); ++entry) {
      if (!entry->first.starts_with(prefix)) break;
      found.push_back(entry->first);
    }
    return found;
  }

  // The lines logged since the last time.
  std::vector<std::string> takeLines() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }
  std::map<std::string, std::string, std::less<>> entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  std::uint64_t reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::map<std::string, std::string, std::less<>> entries_;
  std::uint64_t reads_ = 0;
};
