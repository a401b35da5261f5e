// The module: which word is on which line. Plain containers; `new` is the arena's.
#include "arena.h"
#include "index.module.h"

#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace {

using bulkhead::Result;

class Index final : public lines::module::Index {
 public:
  Result<void> add(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    ++lines_;
    std::istringstream words{std::string(line)};
    for (std::string word; words >> word;) index_[word].push_back(lines_);
    return {};
  }
  Result<std::vector<std::uint32_t>> find(std::string_view word) override {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(word);
    return found == index_.end() ? std::vector<std::uint32_t>() : found->second;
  }
  Result<std::vector<std::string>> words() override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> result;
    for (const auto& [word, lines] : index_) result.push_back(word);
    return result;
  }
  Result<lines::UsageResult> usage() override {
    const ArenaUsage usage = arenaUsage();
    return lines::UsageResult{usage.bytes, usage.blocks, usage.limit};
  }

 private:
  std::mutex mutex_;
  std::uint32_t lines_ = 0;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> index_;
};

}  // namespace

BULKHEAD_MODULE(Index)
