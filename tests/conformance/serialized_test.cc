// A serialized contract takes one call at a time, in both placements. (C11)
#include "tests/conformance/gate.h"
#include "tests/conformance/modules.h"
#include "turn.host.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace bulkhead::conformance {
namespace {

using namespace std::chrono_literals;

class TurnImports final : public turn::host::TurnHost {
 public:
  Result<void> inside(std::uint32_t who) override { return onInside ? onInside(who) : Result<void>(); }
  std::function<Result<void>(std::uint32_t)> onInside;
};

class SerializedTest : public testing::EveryPlacement<turn::host::Turn> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("turn"); }
  Imports imports() override { return host_; }

  TurnImports host_;
};
BULKHEAD_EVERY_PLACEMENT(SerializedTest);

TEST_P(SerializedTest, CallsNeverOverlap) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([this] {
      for (int call = 0; call < 50; ++call) EXPECT_TRUE(subject().work(200));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto report = subject().report().value();
  EXPECT_EQ(report.calls, 800u);
  EXPECT_EQ(report.mostAtOnce, 1u);
}

TEST_P(SerializedTest, ACallWaitsForItsTurn) {
  Gate gate;
  host_.onInside = [&](std::uint32_t) -> Result<void> {
    gate.pass();
    return {};
  };
  std::atomic<bool> secondDone{false};
  std::thread first([&] { EXPECT_TRUE(subject().enter(1)); });
  gate.awaitArrivals(1);
  std::thread second([&] {
    EXPECT_TRUE(subject().work(1));
    secondDone = true;
  });
  // The first one waits in its import: the second cannot have been let in.
  EXPECT_FALSE(secondDone);
  gate.open();
  first.join();
  second.join();
  EXPECT_EQ(subject().report().value().mostAtOnce, 1u);
}

TEST_P(SerializedTest, AQueuedCallIsOverloadedAtItsDeadlineAndNothingWasCalled) {
  Gate gate;
  host_.onInside = [&](std::uint32_t) -> Result<void> {
    gate.pass();
    return {};
  };
  std::thread first([&] { EXPECT_TRUE(subject().enter(1)); });
  gate.awaitArrivals(1);
  const auto queued = subject().within(20ms).work(1);
  ASSERT_FALSE(queued);
  EXPECT_EQ(queued.error().kind(), ErrorKind::overloaded);
  EXPECT_EQ(queued.error().method(), "Turn.work");
  gate.open();
  first.join();
  EXPECT_EQ(subject().report().value().calls, 1u);
  EXPECT_EQ(module().generation(), 1u);  // time in the queue never costs a worker
}

TEST_P(SerializedTest, AnImportMayCallBackOnTheSameThread) {
  host_.onInside = [this](std::uint32_t who) { return who == 0 ? Result<void>() : subject().enter(who - 1); };
  EXPECT_TRUE(subject().enter(3));
  const auto report = subject().report().value();
  EXPECT_EQ(report.calls, 4u);
  EXPECT_EQ(report.mostAtOnce, 4u);  // nested on one thread, which is not at once
}

TEST_P(SerializedTest, QueuedCallsAreStaleAfterTheUnload) {
  Gate gate;
  host_.onInside = [&](std::uint32_t) -> Result<void> {
    gate.pass();
    return {};
  };
  std::thread first([&] { EXPECT_TRUE(subject().enter(1)); });
  gate.awaitArrivals(1);
  std::vector<std::thread> queued;
  std::atomic<int> stale{0};
  for (int i = 0; i < 4; ++i) {
    queued.emplace_back([&] {
      const auto answer = subject().work(1);
      if (answer || answer.error().kind() == ErrorKind::staleHandle) ++stale;
    });
  }
  std::thread unloading([&] { EXPECT_TRUE(module().unload()); });
  gate.open();
  first.join();
  unloading.join();
  for (std::thread& thread : queued) thread.join();
  EXPECT_EQ(stale, 4);
}

}  // namespace
}  // namespace bulkhead::conformance
