// A serialized contract takes one call at a time, in both placements. (C11)
#include "tests/conformance/gate.h"
#include "tests/conformance/modules.h"
#include "turn.host.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
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
  Placement placement(Placement::Kind kind) const override {
    return Placement::inProcess({.deadline = 20s}).with(IsolatedOptions{.deadline = 20s}).as(kind);
  }

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

TEST_P(SerializedTest, AQueuedCallThatIsCancelledEndsAtOnce) {
  Gate gate;
  host_.onInside = [&](std::uint32_t) -> Result<void> {
    gate.pass();
    return {};
  };
  std::thread first([&] { EXPECT_TRUE(subject().enter(1)); });
  gate.awaitArrivals(1);
  std::stop_source source;
  std::atomic<int> cancelled{0};
  std::vector<std::thread> queued;
  for (int i = 0; i < 4; ++i) {
    queued.emplace_back([&] {
      const auto answer = subject().cancellable(source.get_token()).work(1);
      if (!answer && answer.error().kind() == ErrorKind::cancelled) ++cancelled;
    });
  }
  source.request_stop();
  for (std::thread& thread : queued) thread.join();  // while the first one still has its turn
  EXPECT_EQ(cancelled, 4);
  gate.open();
  first.join();
  EXPECT_EQ(subject().report().value().calls, 1u);
  EXPECT_EQ(module().generation(), 1u);
}

// A call waits for its turn at most as long as its limit; with its turn it has that limit once more, so that nobody is
// told late, or killed, for others' work. within() limits both together.
TEST_P(SerializedTest, TimeInTheQueueIsNotTheModules) {
  constexpr auto kLimit = std::chrono::nanoseconds(20s);
  constexpr auto kWaited = std::chrono::nanoseconds(1s);
  for (const bool byCaller : {false, true}) {
    Gate gate;
    host_.onInside = [&](std::uint32_t) -> Result<void> {
      gate.pass();
      return {};
    };
    std::thread first([&] { EXPECT_TRUE(subject().enter(1)); });
    gate.awaitArrivals(1);
    std::atomic<bool> started{false};
    std::int64_t left = 0;
    std::thread second([&] {
      started = true;
      left = byCaller ? subject().within(kLimit).remaining().value() : subject().remaining().value();
    });
    while (!started) std::this_thread::yield();
    std::this_thread::sleep_for(kWaited + 100ms);  // what is tested is time
    gate.open();
    first.join();
    second.join();
    if (byCaller) {
      EXPECT_LE(left, (kLimit - kWaited).count());
    } else {
      EXPECT_GT(left, (kLimit - kWaited).count());
    }
  }
}

TEST_P(SerializedTest, ACallForABackgroundThreadOfTheModuleWaitsForItsTurn) {
  Gate gate;
  std::atomic<bool> answered{false};
  host_.onInside = [&](std::uint32_t who) -> Result<void> {
    if (who == 1) {
      gate.pass();
      return {};
    }
    gate.meet(2);  // the other one has its turn
    EXPECT_TRUE(subject().work(1));
    answered = true;
    return {};
  };
  EXPECT_TRUE(subject().enterInBackground(2));
  std::thread first([&] { EXPECT_TRUE(subject().enter(1)); });
  gate.awaitArrivals(2);
  gate.open();
  first.join();
  while (!answered) std::this_thread::yield();
  const auto report = subject().report().value();
  EXPECT_EQ(report.calls, 3u);
  EXPECT_EQ(report.mostAtOnce, 1u);
}

// The turn's call waits for the thread, whose import waits for the turn: it ends at its deadline, and says why.
TEST_P(SerializedTest, ACallForAThreadThatTheTurnWaitsForEndsAtItsDeadline) {
  std::optional<Error> refused;
  host_.onInside = [&](std::uint32_t) -> Result<void> {
    const auto answer = subject().within(50ms).work(1);
    if (!answer) refused = answer.error();
    return {};
  };
  EXPECT_TRUE(subject().enterByThread(1));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->kind(), ErrorKind::overloaded);
  EXPECT_NE(refused->text().find("a thread of the module's own"), std::string::npos) << refused->message();
  EXPECT_EQ(subject().report().value().calls, 1u);
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(SerializedTest, AnImportKnowsItsCall) {
  std::string method;
  host_.onInside = [&](std::uint32_t) -> Result<void> {
    method = servedCall()->method;
    return {};
  };
  EXPECT_TRUE(subject().enter(1));
  EXPECT_EQ(method, "Turn.enter");
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
