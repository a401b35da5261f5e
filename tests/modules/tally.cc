// A module with state, of two contracts. Compiled in several versions, some of which cannot take it over.
#include "memo.module.h"
#include "tally.module.h"

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using bulkhead::Error;
using bulkhead::ErrorKind;
using bulkhead::Result;

[[noreturn]] void hang() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

class Tally final : public tally::module::Tally, public memo::module::Memo {
 public:
  explicit Tally(tally::module::TallyHost& host) : host_(host) {}

  Result<std::int64_t> add(std::int64_t amount) override {
    const std::lock_guard lock(mutex_);
    return total_ += amount;
  }
  Result<std::int64_t> addDuring(std::int64_t amount) override {
    if (auto done = host_.during(); !done) return std::move(done).error();
    return add(amount);
  }
  Result<std::uint32_t> note(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    names_.emplace_back(name);
    return static_cast<std::uint32_t>(names_.size());
  }
  Result<std::string> version() override { return std::string(TALLY_VERSION); }
  Result<void> nextSave(tally::Save how) override {
    nextSave_ = how;
    return {};
  }

  Result<void> save(tally::State::Builder state) override {
    switch (nextSave_) {
      case tally::Save::FAILING: return Error("the disk is full");
      case tally::Save::THROWING: throw std::runtime_error("no state today");
      case tally::Save::HANGING: hang();
      case tally::Save::EXITING: std::_Exit(3);
      default: break;
    }
    const std::lock_guard lock(mutex_);
    state.setTotal(total_);
    auto names = state.initNames(static_cast<unsigned>(names_.size()));
    for (unsigned i = 0; i < names.size(); ++i) names.set(i, names_[i]);
#ifdef TALLY_NEWER
    state.setLoads(loads_);
#endif
    return {};
  }
  Result<void> restore(tally::State::Reader state) override {
#ifdef TALLY_RESTORES
    TALLY_RESTORES;
#endif
    const std::lock_guard lock(mutex_);
    total_ = state.getTotal();
    for (const auto name : state.getNames()) names_.emplace_back(name.cStr());
#ifdef TALLY_NEWER
    loads_ = state.getLoads() + 1;
#endif
    return {};
  }
#ifdef TALLY_NEWER
  Result<std::uint32_t> loads() override { return loads_; }
#endif

  Result<void> put(std::string_view line) override {
    lines_.emplace_back(line);
    return {};
  }
  Result<std::vector<std::string>> lines() override { return lines_; }
  Result<std::vector<std::string>> keep() override { return lines_; }
  Result<void> takeOver(std::span<const std::string_view> lines) override {
    lines_.assign(lines.begin(), lines.end());
    return {};
  }

 private:
  tally::module::TallyHost& host_;
  std::mutex mutex_;
  std::int64_t total_ = 0;
  std::vector<std::string> names_;
  std::vector<std::string> lines_;  // the contract is serialized
  tally::Save nextSave_ = tally::Save::RIGHT;
#ifdef TALLY_NEWER
  std::uint32_t loads_ = 0;
#endif
};

}  // namespace

BULKHEAD_MODULE(Tally, tally::module::TallyContract, memo::module::MemoContract)
