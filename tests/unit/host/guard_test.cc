#include "host/core/guard.h"

#include "shared/clock.h"

#include <bulkhead/detail/guard.h>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace bulkhead::detail {
namespace {

constexpr std::int64_t kLongNs = 60'000'000'000;
constexpr BulkheadMethod kMethod = {1, 0, 0, 0, "Guard.test"};
constexpr BulkheadMethod kOther = {1, 1, 0, 0, "Guard.other"};

// A slot with one live binding.
class GuardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    id_ = acquireGuardId().value();
    binding_.flags = 0;
    binding_.guardId = id_;
    slot_.binding = &binding_;
  }
  void TearDown() override { releaseGuardId(id_); }

  std::uint32_t id_ = kNoGuard;
  Binding binding_;
  Binding notLive_;
  InterfaceSlot slot_{};
};

TEST_F(GuardTest, IdsAreDistinctAndNeverTheOneOfDeadBindings) {
  const std::uint32_t other = acquireGuardId().value();
  EXPECT_NE(other, id_);
  EXPECT_NE(other, kNoGuard);
  EXPECT_NE(id_, kNoGuard);
  releaseGuardId(other);
}

TEST_F(GuardTest, APinMarksItsThreadWhileItLives) {
  EXPECT_EQ(guardCount(id_), 0u);
  {
    const CallPin outer(slot_, kMethod);
    EXPECT_EQ(&outer.binding(), &binding_);
    EXPECT_EQ(guardCount(id_), 1u);
    EXPECT_TRUE(guardHeldHere(id_));
    {
      const CallPin inner(slot_, kOther);
      EXPECT_EQ(guardCount(id_), 1u);  // threads are counted
      EXPECT_EQ(callThread.marks[id_].load(), reinterpret_cast<CallMark>(&kOther));
    }
    EXPECT_EQ(callThread.marks[id_].load(), reinterpret_cast<CallMark>(&kMethod));
    EXPECT_TRUE(guardHeldHere(id_));
  }
  EXPECT_EQ(guardCount(id_), 0u);
  EXPECT_FALSE(guardHeldHere(id_));
}

TEST_F(GuardTest, APinOfAnotherThreadIsNotHeldHere) {
  std::atomic<int> step{0};
  std::thread other([&] {
    const CallPin pin(slot_, kMethod);
    step = 1;
    step.notify_all();
    step.wait(1);
  });
  step.wait(0);
  EXPECT_FALSE(guardHeldHere(id_));
  EXPECT_EQ(guardCount(id_), 1u);
  step = 2;
  step.notify_all();
  other.join();
  EXPECT_EQ(guardCount(id_), 0u);
}

TEST_F(GuardTest, DrainGivesUpAtItsDeadlineAndWaitsForTheLastCall) {
  std::atomic<int> step{0};
  std::thread other([&] {
    const CallPin pin(slot_, kMethod);
    step = 1;
    step.notify_all();
    step.wait(1);
  });
  step.wait(0);
  slot_.binding = &notLive_;
  EXPECT_FALSE(guardDrain(id_, nowNs()));
  EXPECT_FALSE(guardDrain(id_, nowNs() + 2'000'000));
  step = 2;
  step.notify_all();
  EXPECT_TRUE(guardDrain(id_, nowNs() + kLongNs));
  other.join();
}

TEST_F(GuardTest, APinAfterTheSwapHasTheNewBinding) {
  slot_.binding = &notLive_;
  const CallPin pin(slot_, kMethod);
  EXPECT_EQ(&pin.binding(), &notLive_);
  EXPECT_FALSE(guardHeldHere(id_));
  EXPECT_FALSE(guardHeldHere(kNoGuard));
}

TEST_F(GuardTest, ThreadsThatEndLeaveNothingBehind) {
  for (int i = 0; i < 50; ++i) {
    std::thread([&] { const CallPin pin(slot_, kMethod); }).join();
  }
  EXPECT_EQ(guardCount(id_), 0u);
}

// Callers pin and read what a binding points to while another thread swaps it and spoils what it drained: if a drain
// ever ended too early, a caller would see the spoilt value.
TEST_F(GuardTest, WhatWasDrainedIsNoLongerRead) {
  constexpr std::uint64_t kAlive = 0x600D;
  struct Generation {
    Binding binding;
    std::atomic<std::uint64_t> value{kAlive};
  };
  std::vector<std::unique_ptr<Generation>> generations;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> wrong{0}, seen{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!done.load(std::memory_order_relaxed)) {
        const CallPin pin(slot_, kMethod);
        if (pin.binding().flags != 0 || pin.binding().self == nullptr) continue;
        const auto& generation = *static_cast<const Generation*>(pin.binding().self);
        if (generation.value.load(std::memory_order_relaxed) != kAlive) ++wrong;
        seen.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  for (int round = 0; round < 2'000; ++round) {
    auto& generation = *generations.emplace_back(std::make_unique<Generation>());
    const std::uint32_t id = acquireGuardId().value();
    generation.binding.flags = 0;
    generation.binding.self = &generation;
    generation.binding.guardId = id;
    slot_.binding.store(&generation.binding, std::memory_order_seq_cst);
    if (round % 16 == 0) {
      const std::uint64_t before = seen;
      while (seen == before) std::this_thread::yield();
    }
    slot_.binding.store(&notLive_, std::memory_order_seq_cst);
    ASSERT_TRUE(guardDrain(id, nowNs() + kLongNs));
    generation.value.store(0xDEAD, std::memory_order_relaxed);
    releaseGuardId(id);
  }
  done = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace bulkhead::detail
