// Cancellation is cooperative: what the module sees of it, and what the caller gets. (C10)
#include "tests/conformance/context_fixture.h"
#include "tests/conformance/gate.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <stop_token>
#include <thread>

namespace bulkhead::conformance {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class CancelTest : public ContextFixture {
 protected:
  // Stops the source from another thread once the module is inside its import of this name, and has gone on.
  void stopSoon(const std::string& name, std::stop_source& source) {
    host_.on(name, [this, &source] {
      stopper_ = std::thread([&source] {
        std::this_thread::yield();
        source.request_stop();
      });
    });
  }
  void TearDown() override {
    if (stopper_.joinable()) stopper_.join();
    ContextFixture::TearDown();
  }
  static void expectCancelled(const Error& error, const char* method) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled) << error.message();
    EXPECT_EQ(error.method(), method);
    EXPECT_EQ(error.module(), "context");
  }

  std::stop_source source_;
  std::thread stopper_;
};
BULKHEAD_EVERY_PLACEMENT(CancelTest);

TEST_P(CancelTest, ATokenThatIsNotStoppedChangesNothing) {
  EXPECT_EQ(subject().cancellable(source_.get_token()).act("x").value(), "acted: x");
  EXPECT_EQ(subject().cancellable(std::stop_token()).act("x").value(), "acted: x");
  const auto seen = subject().cancellable(source_.get_token()).cancelledAround("x").value();
  EXPECT_FALSE(seen.before);
  EXPECT_FALSE(seen.after);
}

TEST_P(CancelTest, ACallWhoseTokenIsStoppedIsNotMade) {
  source_.request_stop();
  const auto answer = subject().cancellable(source_.get_token()).attempts("", "");
  ASSERT_FALSE(answer);
  expectCancelled(answer.error(), "Context.attempts");
  EXPECT_EQ(subject().attempts("", "").value(), 1u);  // the first one that arrives
}

TEST_P(CancelTest, TheModuleSeesItWhileItWorksAndItsAnswerIsTheOutcome) {
  stopSoon("go", source_);
  EXPECT_EQ(subject().cancellable(source_.get_token()).awaitCancel("go", "").value(), "stopped");
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(CancelTest, TheErrorOfTheModuleIsTheOutcome) {
  stopSoon("go", source_);
  const auto answer = subject().cancellable(source_.get_token()).awaitCancel("go", "gave up");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::moduleError);
  EXPECT_EQ(answer.error().text(), "gave up");
}

TEST_P(CancelTest, ItIsSeenRightAfterTheImportInWhichItHappened) {
  host_.on("stop", [this] { source_.request_stop(); });
  const auto seen = subject().cancellable(source_.get_token()).cancelledAround("stop").value();
  EXPECT_FALSE(seen.before);
  EXPECT_TRUE(seen.after);
}

TEST_P(CancelTest, TheNextCallIsNotCancelled) {
  host_.on("stop", [this] { source_.request_stop(); });
  ASSERT_TRUE(subject().cancellable(source_.get_token()).act("stop"));
  const auto plain = subject().cancelledAround("x").value();
  EXPECT_FALSE(plain.before || plain.after);
  std::stop_source other;
  const auto cancellable = subject().cancellable(other.get_token()).cancelledAround("x").value();
  EXPECT_FALSE(cancellable.before || cancellable.after);
}

TEST_P(CancelTest, ACallNestedInIsCancelledWithIt) {
  stopSoon("go", source_);
  Result<std::string> inner = Error("not called");
  host_.on("nest", [&] { inner = subject().awaitCancel("go", ""); });
  EXPECT_TRUE(subject().cancellable(source_.get_token()).act("nest"));
  EXPECT_EQ(inner.value(), "stopped");
}

TEST_P(CancelTest, ANestedCallOfACancelledOneIsNotMade) {
  Result<std::uint32_t> inner = Error("not called");
  host_.on("nest", [&] {
    source_.request_stop();
    inner = subject().attempts("", "");
  });
  EXPECT_TRUE(subject().cancellable(source_.get_token()).act("nest"));
  ASSERT_FALSE(inner);
  expectCancelled(inner.error(), "Context.attempts");
  EXPECT_EQ(subject().attempts("", "").value(), 1u);
}

TEST_P(CancelTest, ANestedCallsOwnTokenDoesNotReachTheOuterCall) {
  std::stop_source innerSource;
  stopSoon("go", innerSource);
  Result<std::string> inner = Error("not called");
  host_.on("nest", [&] { inner = subject().cancellable(innerSource.get_token()).awaitCancel("go", ""); });
  const auto outer = subject().cancellable(source_.get_token()).cancelledAround("nest").value();
  EXPECT_EQ(inner.value(), "stopped");
  EXPECT_FALSE(outer.after);
  // Nor an outer call without a token.
  innerSource = {};
  stopper_.join();
  EXPECT_FALSE(subject().cancelledAround("nest").value().after);
  EXPECT_EQ(inner.value(), "stopped");
}

TEST_P(CancelTest, TheOuterTokenReachesANestedCallWithATokenOfItsOwn) {
  std::stop_source innerSource;
  stopSoon("go", source_);
  Result<std::string> inner = Error("not called");
  host_.on("nest", [&] { inner = subject().cancellable(innerSource.get_token()).awaitCancel("go", ""); });
  const auto outer = subject().cancellable(source_.get_token()).cancelledAround("nest").value();
  EXPECT_EQ(inner.value(), "stopped");
  EXPECT_TRUE(outer.after);
  EXPECT_FALSE(innerSource.stop_requested());
}

TEST_P(CancelTest, ItPassesThroughOtherModulesOfTheSameChain) {
  auto other = loadOther();
  ASSERT_TRUE(other) << other.error().message();
  const auto deeper = other->get<context::host::Context>().value();
  stopSoon("go", source_);
  Result<std::string> inner = Error("not called");
  host_.on("other", [&] { inner = deeper.awaitCancel("go", ""); });
  EXPECT_TRUE(subject().cancellable(source_.get_token()).cancelledAround("other").value().after);
  EXPECT_EQ(inner.value(), "stopped");
  EXPECT_TRUE(other->unload());
}

TEST_P(CancelTest, CallsOfOtherThreadsAreNotCancelled) {
  Gate gate;
  host_.on("hold", [&] { gate.pass(); });
  context::CancelledAroundResult seen{};
  std::thread other([&] { seen = subject().cancelledAround("hold").value(); });
  gate.awaitArrivals(1);
  host_.on("stop", [this] { source_.request_stop(); });
  EXPECT_TRUE(subject().cancellable(source_.get_token()).act("x"));
  source_.request_stop();
  gate.open();
  other.join();
  EXPECT_FALSE(seen.after);
}

TEST_P(CancelTest, OneTokenCancelsCallsOfManyThreads) {
  Gate gate;
  host_.on("meet", [&] { gate.pass(); });
  std::atomic<int> stopped{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (subject().cancellable(source_.get_token()).awaitCancel("meet", "").valueOr("") == "stopped") ++stopped;
    });
  }
  gate.awaitArrivals(8);
  gate.open();
  source_.request_stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stopped, 8);
}

TEST_P(CancelTest, AThreadOfTheModuleIsNotCancelled) {
  host_.on("stop", [this] { source_.request_stop(); });
  EXPECT_FALSE(subject().cancellable(source_.get_token()).lookInThread("stop").value().isCancelled);
}

TEST_P(CancelTest, ItGoesTogetherWithALimit) {
  const auto seen = subject().within(5s).cancellable(source_.get_token()).remaining().value();
  EXPECT_TRUE(seen.isSet);
  EXPECT_LE(seen.nanoseconds, std::chrono::nanoseconds(5s).count());
  EXPECT_LE(subject().cancellable(source_.get_token()).within(5s).remaining().value().nanoseconds,
            std::chrono::nanoseconds(5s).count());
  source_.request_stop();
  EXPECT_EQ(subject().within(5s).cancellable(source_.get_token()).remaining().error().kind(), ErrorKind::cancelled);
  EXPECT_EQ(subject().cancellable(source_.get_token()).within(5s).remaining().error().kind(), ErrorKind::cancelled);
}

TEST_P(CancelTest, StoppingWhenCallsBeginAndEndLosesNothing) {
  for (int i = 0; i < 200; ++i) {
    std::stop_source source;
    std::thread stopper([&] { source.request_stop(); });
    const auto answer = subject().cancellable(source.get_token()).awaitCancel("", "");
    stopper.join();
    ASSERT_TRUE(answer ? *answer == "stopped" : answer.error().kind() == ErrorKind::cancelled);
    ASSERT_FALSE(subject().cancelledAround("").value().before);
  }
}

TEST_P(CancelTest, AStaleHandleStaysOne) {
  const auto handle = subject();
  ASSERT_TRUE(module().unload());
  EXPECT_EQ(handle.cancellable(source_.get_token()).act("x").error().kind(), ErrorKind::staleHandle);
  EXPECT_EQ(context::host::Context().cancellable(source_.get_token()).act("x").error().kind(), ErrorKind::staleHandle);
}

}  // namespace
}  // namespace bulkhead::conformance
