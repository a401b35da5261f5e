// A module that is not safe to call from several threads; its contract is serialized.
#include "turn.module.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace {

using bulkhead::Result;

class Turn final : public turn::module::Turn {
 public:
  explicit Turn(turn::module::TurnHost& host) : host_(host) {}
  ~Turn() override { join(); }

  Result<void> enter(std::uint32_t who) override {
    const Visit visit(*this);
    return host_.inside(who);
  }
  Result<turn::ReportResult> report() override { return turn::ReportResult{calls_, mostAtOnce_}; }
  Result<void> work(std::uint32_t rounds) override {
    const Visit visit(*this);
    for (std::uint32_t i = 0; i < rounds; ++i) scratch_ = scratch_ * 31 + i;
    return {};
  }
  Result<void> enterByThread(std::uint32_t who) override {
    const Visit visit(*this);
    Result<void> inside;
    std::thread([&] { inside = host_.inside(who); }).join();
    return inside;
  }
  Result<void> enterInBackground(std::uint32_t who) override {
    const Visit visit(*this);
    join();
    background_ = std::thread([this, who] { (void)host_.inside(who); });
    return {};
  }
  Result<std::int64_t> remaining() override {
    const auto left = bulkhead::deadlineRemaining();
    return left ? left->count() : std::int64_t{0};
  }

 private:
  void join() {
    if (background_.joinable()) background_.join();
  }

  struct Visit {
    explicit Visit(Turn& turn) : turn_(turn) {
      ++turn.calls_;
      turn.mostAtOnce_ = std::max(turn.mostAtOnce_, ++turn.inside_);
    }
    ~Visit() { --turn_.inside_; }
    Turn& turn_;
  };

  turn::module::TurnHost& host_;
  std::atomic<std::uint32_t> inside_{0};  // finds two threads inside
  std::uint32_t calls_ = 0;               // not atomic: that nobody else is here is the contract
  std::uint32_t mostAtOnce_ = 0;
  volatile std::uint32_t scratch_ = 0;
  std::thread background_;
};

}  // namespace

BULKHEAD_MODULE(Turn)
