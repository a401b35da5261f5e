// Load, unload, and what handles are worth meanwhile. (I2, I7, S1)
#include "counter.host.h"
#include "tests/conformance/gate.h"
#include "tests/conformance/modules.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace bulkhead::conformance {
namespace {

using counter::host::Counter;

class LifetimeTest : public ProbeFixture {};
BULKHEAD_EVERY_PLACEMENT(LifetimeTest);

TEST_P(LifetimeTest, AHandleOfAnUnloadedModuleIsStale) {
  const auto handle = subject();
  ASSERT_TRUE(module().unload());
  for (int i = 0; i < 3; ++i) {
    const auto answer = handle.add(1, 2);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::staleHandle);
    EXPECT_EQ(answer.error().method(), "Probe.add");
  }
  EXPECT_EQ(handle.within(std::chrono::seconds(1)).add(1, 2).error().kind(), ErrorKind::staleHandle);
}

TEST_P(LifetimeTest, AHandleThatWasNeverSetIsStale) {
  const probe::host::Probe empty;
  EXPECT_EQ(empty.add(1, 2).error().kind(), ErrorKind::staleHandle);
}

TEST_P(LifetimeTest, HandlesAreCopiedAndMoved) {
  auto first = subject();
  auto second = first;
  auto third = std::move(first);
  EXPECT_EQ(second.add(1, 2).value(), 3);
  EXPECT_EQ(third.add(3, 4).value(), 7);
  second = third;
  third = {};
  EXPECT_EQ(second.add(5, 6).value(), 11);
  EXPECT_EQ(third.add(1, 2).error().kind(), ErrorKind::staleHandle);
  EXPECT_EQ(sizeof(second), 2 * sizeof(void*));
}

TEST_P(LifetimeTest, AHandleThatWasMovedFromIsNoTrap) {
  auto first = subject();
  const auto second = std::move(first);
  const auto answer = first.add(1, 2);  // NOLINT(bugprone-use-after-move): serves or is stale, and does not crash
  EXPECT_TRUE(answer || answer.error().kind() == ErrorKind::staleHandle);
  EXPECT_EQ(second.add(1, 2).value(), 3);
}

TEST_P(LifetimeTest, AHandleOutlivesModuleAndHost) {
  Counter handle;
  {
    Host own;
    auto loaded = own.load(conformance::modulePath("counter"), placement(kind()));
    ASSERT_TRUE(loaded) << loaded.error().message();
    handle = loaded->get<Counter>().value();
    EXPECT_EQ(handle.next().value(), 1u);
  }
  EXPECT_EQ(handle.next().error().kind(), ErrorKind::staleHandle);
}

TEST_P(LifetimeTest, UnloadingTwiceIsNoError) {
  EXPECT_TRUE(module().unload());
  EXPECT_TRUE(module().unload());
}

TEST_P(LifetimeTest, AnUnloadWaitsForCallsThatRun) {
  Gate gate;
  host_.on("hold", [&]() -> Result<std::string> {
    gate.pass();
    return std::string("held");
  });
  std::vector<std::thread> callers;
  std::atomic<int> answered{0};
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      if (subject().act("hold").valueOr("") == "held") ++answered;
    });
  }
  gate.awaitArrivals(4);
  std::atomic<bool> unloaded{false};
  std::thread unloading([&] {
    EXPECT_TRUE(module().unload());
    unloaded = true;
  });
  // New calls are refused from the moment the unload takes hold, while the four are still inside.
  while (subject().add(1, 2)) std::this_thread::yield();
  EXPECT_EQ(subject().add(1, 2).error().kind(), ErrorKind::staleHandle);
  EXPECT_FALSE(unloaded);
  gate.open();
  for (std::thread& caller : callers) caller.join();
  unloading.join();
  EXPECT_EQ(answered, 4);
}

TEST_P(LifetimeTest, AnUnloadUnderLoadIsSafe) {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  Gate started;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      started.meet(8);
      for (;;) {
        const auto sum = subject().add(20, 22);
        if (!sum) {
          if (sum.error().kind() != ErrorKind::staleHandle) ++wrong;
          return;
        }
        if (*sum != 42) ++wrong;
      }
    });
  }
  started.awaitArrivals(8);
  EXPECT_TRUE(module().unload());
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(LifetimeTest, AnUnloadFromInsideACallWouldDeadlock) {
  host_.on("unload", [this]() -> Result<std::string> {
    const auto refused = module().unload();
    EXPECT_FALSE(refused);
    if (!refused) {
      EXPECT_EQ(refused.error().kind(), ErrorKind::wouldDeadlock);
    }
    return std::string("tried");
  });
  EXPECT_EQ(subject().act("unload").value(), "tried");
  EXPECT_EQ(subject().add(1, 2).value(), 3);
  EXPECT_TRUE(module().unload());
}

TEST_P(LifetimeTest, AModuleIsUnloadedFromInsideACallOfAnother) {
  auto other = load(conformance::modulePath("counter"));
  ASSERT_TRUE(other) << other.error().message();
  host_.on("unload the other", [&]() -> Result<std::string> {
    if (auto unloaded = other->unload(); !unloaded) return unloaded.error();
    return std::string("done");
  });
  EXPECT_EQ(subject().act("unload the other").value(), "done");
}

// ---- several modules

class LoadsTest : public testing::EveryPlacement<> {
 protected:
  Module loadCounter(const std::string& name = "counter") {
    auto module = load(modulePath(name));
    EXPECT_TRUE(module) << module.error().message();
    return std::move(module).value();
  }
};
BULKHEAD_EVERY_PLACEMENT(LoadsTest);

TEST_P(LoadsTest, AFileLoadedTwiceIsTwoModules) {
  auto first = loadCounter();
  auto second = loadCounter();
  const auto one = first.get<Counter>().value();
  const auto two = second.get<Counter>().value();
  EXPECT_EQ(one.next().value(), 1u);
  EXPECT_EQ(one.next().value(), 2u);
  EXPECT_EQ(two.next().value(), 1u);
  EXPECT_EQ(one.ofThread().value(), 1u);
  EXPECT_EQ(two.ofThread().value(), 1u);
  EXPECT_EQ(two.ofObject().value(), 1u);
  EXPECT_TRUE(first.unload());
  EXPECT_EQ(one.next().error().kind(), ErrorKind::staleHandle);
  EXPECT_EQ(two.next().value(), 2u);
}

TEST_P(LoadsTest, TwoVersionsStandSideBySide) {
  auto first = loadCounter();
  auto second = loadCounter("counter_2");
  EXPECT_EQ(first.get<Counter>().value().version().value(), "1");
  EXPECT_EQ(second.get<Counter>().value().version().value(), "2");
  EXPECT_EQ(first.get<Counter>().value().version().value(), "1");
}

TEST_P(LoadsTest, AReloadedModuleStartsFresh) {
  for (int round = 0; round < 5; ++round) {
    auto module = loadCounter();
    const auto counter = module.get<Counter>().value();
    EXPECT_EQ(module.generation(), 1u);
    EXPECT_EQ(counter.next().value(), 1u);
    EXPECT_EQ(counter.next().value(), 2u);
    EXPECT_EQ(counter.ofObject().value(), 1u);
    EXPECT_EQ(counter.ofThread().value(), 1u);
    EXPECT_TRUE(module.unload());
  }
}

TEST_P(LoadsTest, TheSameFileRunsInBothPlacementsAtOnce) {
  const auto other = kind() == Placement::Kind::inProcess ? Placement::isolated() : Placement::inProcess();
  auto first = loadCounter();
  auto second = host().load(modulePath("counter"), other);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(first.get<Counter>().value().next().value(), 1u);
  EXPECT_EQ(second->get<Counter>().value().next().value(), 1u);
}

TEST_P(LoadsTest, ModulesAreLoadedAndUnloadedFromManyThreads) {
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        auto module = load(modulePath(round % 2 == 0 ? "counter" : "counter_2"));
        if (!module || module->get<Counter>().value().next().valueOr(0) != 1 || !module->unload()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

TEST_P(LoadsTest, AMovedModuleIsTheSameModule) {
  auto first = loadCounter();
  const auto counter = first.get<Counter>().value();
  Module second = std::move(first);
  EXPECT_EQ(counter.next().value(), 1u);
  EXPECT_EQ(second.name(), "counter");
  second = loadCounter("counter_2");
  EXPECT_EQ(second.get<Counter>().value().version().value(), "2");
}

TEST_P(LoadsTest, AModuleMayHaveAnotherName) {
  auto module = load(modulePath("counter"), {}, {.name = "tally"});
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->name(), "tally");
}

// Threads call through whichever handle is there while the module behind it goes and comes back.
TEST_P(LoadsTest, CallsGoOnWhileModulesComeAndGo) {
  const int rounds = kind() == Placement::Kind::inProcess ? 300 : 40;
  std::mutex mutex;
  Counter current;
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> served{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!done) {
        Counter handle;
        {
          const std::lock_guard lock(mutex);
          handle = current;
        }
        for (int call = 0; call < 50; ++call) {
          const auto sum = handle.version();
          if (sum) {
            ++served;
          } else if (sum.error().kind() != ErrorKind::staleHandle) {
            ++wrong;
          }
        }
      }
    });
  }
  for (int round = 0; round < rounds; ++round) {
    auto module = loadCounter();
    const std::uint64_t before = served;
    {
      const std::lock_guard lock(mutex);
      current = module.get<Counter>().value();
    }
    while (served == before) std::this_thread::yield();
    ASSERT_TRUE(module.unload());
  }
  done = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace bulkhead::conformance
