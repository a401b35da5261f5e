// The state of a ballot: what a reload hands from one version to the next.
#pragma once

#include "ballot.module.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// All of the module but its report. Methods run on several threads at once, but none beside save() and restore().
class Votes : public ballot::module::Ballot {
 public:
  bulkhead::Result<std::uint32_t> vote(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    return ++votes_[std::string(name)];
  }
  bulkhead::Result<ballot::SaveResult> save() override {
    ballot::SaveResult state;
    for (const auto& [name, votes] : votes_) {
      state.names.push_back(name);
      state.votes.push_back(votes);
    }
    return state;
  }
  bulkhead::Result<void> restore(std::span<const std::string_view> names,
                                 std::span<const std::uint32_t> votes) override {
    if (names.size() != votes.size()) return bulkhead::Error("not as many votes as names");
    for (std::size_t i = 0; i < names.size(); ++i) votes_[std::string(names[i])] = votes[i];
    return {};
  }

 protected:
  std::map<std::string, std::uint32_t> votes() {
    const std::lock_guard lock(mutex_);
    return votes_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::uint32_t> votes_;
};
