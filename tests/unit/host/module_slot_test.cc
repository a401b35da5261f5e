#include "host/core/module_slot.h"

#include "host/core/guard.h"
#include "shared/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace bulkhead::detail {
namespace {

using State = ModuleSlot::State;

constexpr std::int64_t kLongNs = 60'000'000'000;
constexpr BulkheadMethod kMethod = {1, 0, 0, 0, "Slot.test"};
constexpr BulkheadTable kTable = {sizeof(BulkheadTable), 1};
constexpr BulkheadTable kOther = {sizeof(BulkheadTable), 2};

class ModuleSlotTest : public ::testing::Test {
 protected:
  BindingGroup* prepare(std::uint64_t generation) {
    return slot_.prepare(generation, served_, {{1, &kTable, &self_, nullptr}, {2, &kOther, &self_, nullptr}}, 0)
        .value();
  }
  void retireAndRecycle() {
    BindingGroup* const group = slot_.retire(nullptr, State::stopped);
    ASSERT_NE(group, nullptr);
    ASSERT_TRUE(guardDrain(group->guardId, nowNs() + kLongNs));
    slot_.recycle(group);
  }
  const Binding& binding(std::uint64_t id) const { return *slot_.find(id)->binding.load(); }

  int self_ = 0;
  const std::vector<ServedInterface> served_ = {{1, false, true}, {2, true, true}};
  ModuleSlot slot_{"codec", served_, 0};
};

TEST_F(ModuleSlotTest, AFreshSlotIsStartingAndNotLive) {
  EXPECT_EQ(slot_.state(), State::starting);
  EXPECT_EQ(slot_.generation(), 0u);
  EXPECT_NE(binding(1).flags & Binding::kNotLive, 0u);
  EXPECT_EQ(slot_.find(3), nullptr);
  EXPECT_FALSE(slot_.heldHere());
}

TEST_F(ModuleSlotTest, PublishingMakesAllInterfacesLive) {
  slot_.publish(prepare(7));
  EXPECT_EQ(slot_.state(), State::live);
  EXPECT_EQ(slot_.generation(), 7u);
  EXPECT_EQ(binding(1).table, &kTable);
  EXPECT_EQ(binding(2).table, &kOther);
  EXPECT_EQ(binding(1).self, &self_);
  EXPECT_EQ(binding(1).flags, 0u);
  EXPECT_EQ(binding(2).flags, std::uint32_t{Binding::kSerialized});
  retireAndRecycle();
}

TEST_F(ModuleSlotTest, AnInterfaceWithoutATableIsNotLive) {
  slot_.publish(slot_.prepare(1, served_, {{1, &kTable, &self_, nullptr}}, 0).value());
  EXPECT_EQ(binding(1).flags, 0u);
  EXPECT_NE(binding(2).flags & Binding::kNotLive, 0u);
  retireAndRecycle();
}

TEST_F(ModuleSlotTest, RetiringTakesOnlyTheExpectedGroup) {
  BindingGroup* const first = prepare(1);
  slot_.publish(first);
  EXPECT_EQ(slot_.retire(first, State::starting), first);
  EXPECT_NE(binding(1).flags & Binding::kNotLive, 0u);
  EXPECT_EQ(slot_.state(), State::starting);
  BindingGroup* const second = prepare(2);
  slot_.publish(second);
  EXPECT_EQ(slot_.retire(first, State::stopped), nullptr);
  EXPECT_EQ(slot_.state(), State::live);
  slot_.recycle(first);
  retireAndRecycle();
  EXPECT_EQ(slot_.retire(nullptr, State::stopped), nullptr);
}

TEST_F(ModuleSlotTest, ARefusedUnloadPutsTheGroupBack) {
  slot_.publish(prepare(1));
  BindingGroup* const group = slot_.retire(nullptr, State::stopped);
  slot_.restore(group);
  EXPECT_EQ(slot_.state(), State::live);
  EXPECT_EQ(binding(1).table, &kTable);
  retireAndRecycle();
}

TEST_F(ModuleSlotTest, ACallOfTheLiveGroupIsHeldHere) {
  slot_.publish(prepare(1));
  {
    const CallPin pin(*slot_.find(2), kMethod);
    EXPECT_TRUE(slot_.heldHere());
    std::thread([&] { EXPECT_FALSE(slot_.heldHere()); }).join();
  }
  EXPECT_FALSE(slot_.heldHere());
  retireAndRecycle();
}

TEST_F(ModuleSlotTest, WaitersSeeTheStartsEnd) {
  EXPECT_FALSE(slot_.awaitChange(nowNs()));
  std::thread starter([&] { slot_.setState(State::down, Error(ErrorKind::loadFailed, "no luck")); });
  EXPECT_TRUE(slot_.awaitChange(nowNs() + kLongNs));
  starter.join();
  EXPECT_EQ(slot_.downReason()->text(), "no luck");
  slot_.publish(prepare(1));
  EXPECT_FALSE(slot_.downReason().has_value());
  EXPECT_TRUE(slot_.awaitChange(0));
  retireAndRecycle();
}

TEST_F(ModuleSlotTest, PrivateSlotsReachAGroupThatNobodyElseDoes) {
  BindingGroup* const group = prepare(1);
  auto own = slot_.privateSlots(group);
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[0]->interfaceId, 1u);
  EXPECT_EQ(own[0]->binding.load()->table, &kTable);
  EXPECT_NE(binding(1).flags & Binding::kNotLive, 0u);
  slot_.recycle(group);
}

TEST_F(ModuleSlotTest, GroupsAreReused) {
  BindingGroup* const first = prepare(1);
  slot_.publish(first);
  retireAndRecycle();
  EXPECT_EQ(prepare(2), first);
  slot_.recycle(first);
}

TEST_F(ModuleSlotTest, PublishingInPlaceOfALiveGroupGivesItBack) {
  BindingGroup* const first = prepare(1);
  slot_.publish(first);
  BindingGroup* const second = prepare(2);
  EXPECT_EQ(slot_.publish(second), first);
  EXPECT_EQ(slot_.generation(), 2u);
  EXPECT_EQ(binding(1).generation, 2u);
  slot_.recycle(first);
  retireAndRecycle();
}

TEST_F(ModuleSlotTest, ALaterGenerationBringsMoreInterfaces) {
  slot_.publish(prepare(1));
  EXPECT_EQ(slot_.find(3), nullptr);
  std::vector<ServedInterface> more = {{3, false, true}};
  more.insert(more.end(), served_.begin(), served_.end());
  BindingGroup* const group =
      slot_
          .prepare(2, more,
                   {{3, &kOther, &self_, nullptr}, {2, &kOther, &self_, nullptr}, {1, &kTable, &self_, nullptr}}, 0)
          .value();
  EXPECT_EQ(slot_.find(3), nullptr);  // not before it serves
  slot_.recycle(slot_.publish(group));
  ASSERT_NE(slot_.find(3), nullptr);
  EXPECT_EQ(binding(3).table, &kOther);
  EXPECT_EQ(binding(1).table, &kTable);
  EXPECT_EQ(slot_.find(2)->next.load(), slot_.find(3));
  EXPECT_EQ(slot_.find(3)->next.load(), slot_.find(1));
  retireAndRecycle();
}

TEST_F(ModuleSlotTest, CallsWaitWhileAGroupIsHeldButForNestedOnes) {
  BindingGroup* const group = prepare(1);
  slot_.publish(group);
  {
    const CallPin pin(*slot_.find(1), kMethod);
    EXPECT_EQ(slot_.hold(), group);
    EXPECT_TRUE(slot_.isHeld(group));
    EXPECT_EQ(slot_.state(), State::held);
    EXPECT_NE(binding(1).flags & Binding::kNotLive, 0u);
    EXPECT_EQ(slot_.heldBinding(*slot_.find(2)), group->bindings[1].get());
    std::thread([&] { EXPECT_EQ(slot_.heldBinding(*slot_.find(2)), nullptr); }).join();
    EXPECT_FALSE(slot_.awaitChange(nowNs()));
  }
  slot_.release();
  EXPECT_EQ(slot_.state(), State::live);
  EXPECT_EQ(binding(1).table, &kTable);
  EXPECT_EQ(slot_.hold(), group);
  EXPECT_EQ(slot_.retire(group, State::starting), group);  // lost meanwhile
  slot_.release();
  EXPECT_EQ(slot_.state(), State::starting);
  slot_.recycle(group);
}

TEST_F(ModuleSlotTest, AChangeIsHeldByItsThreadAlone) {
  const ModuleSlot other("other", {}, 0);
  {
    const ChangeScope outer(slot_);
    const ChangeScope inner(other);
    EXPECT_TRUE(slot_.heldHere());
    std::thread([&] { EXPECT_FALSE(slot_.heldHere()); }).join();
  }
  EXPECT_FALSE(slot_.heldHere());
}

// Callers read the table behind the pin; each generation's table is spoilt once it is drained, and its bindings are
// reused.
TEST_F(ModuleSlotTest, GenerationsComeAndGoUnderCallers) {
  struct Generation {
    BulkheadTable table{sizeof(BulkheadTable), 1};
    std::atomic<std::uint64_t> alive{1};
  };
  std::vector<std::unique_ptr<Generation>> generations;
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> calls{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!done) {
        const CallPin pin(*slot_.find(1), kMethod);
        const Binding& seen = pin.binding();
        if ((seen.flags & Binding::kNotLive) != 0) continue;
        const auto& generation = *static_cast<const Generation*>(seen.self);
        if (generation.alive != 1 || seen.table != &generation.table) ++wrong;
        ++calls;
      }
    });
  }
  for (std::uint64_t round = 1; round <= 2'000; ++round) {
    auto& generation = *generations.emplace_back(std::make_unique<Generation>());
    BindingGroup* const group =
        slot_.prepare(round, served_, {{1, &generation.table, &generation, nullptr}}, 0).value();
    slot_.publish(group);
    if (round % 16 == 0) {
      const std::uint64_t before = calls;
      while (calls == before) std::this_thread::yield();
    }
    ASSERT_EQ(slot_.retire(group, State::starting), group);
    ASSERT_TRUE(guardDrain(group->guardId, nowNs() + kLongNs));
    generation.alive = 0;
    slot_.recycle(group);
  }
  done = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace bulkhead::detail
