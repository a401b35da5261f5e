// Idempotent calls whose worker dies, and waits that a cancellation ends (S2, S6, C10): when a call is made again, and
// when it must not be. Each test of a refusal differs in one thing from DiesOnceThenAnswers.
#include "tests/hostile/fixture.h"

#include <bulkhead/detail/words.h>

#include <optional>
#include <stop_token>

namespace bulkhead::hostile {
namespace {

class Retry : public HostileTest {
 protected:
  // Starts of later generations wait until the test lets them go.
  void holdRestarts() {
    auto options = hostOptions();
    options.onStarted = [this](const Starting& starting) -> Result<void> {
      std::unique_lock lock(mutex_);
      if (starting.generation() == 1) return {};
      ++held_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return released_; });
      return {};
    };
    makeHost(std::move(options));
  }
  void awaitHeld() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_ > 0; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  static void expectDied(const Error& error, const char* method) {
    EXPECT_EQ(error.kind(), ErrorKind::moduleDied) << error.message();
    EXPECT_EQ(error.method(), method);
    EXPECT_EQ(error.module(), "faults");
  }
  static bool isSecond(const Error& error) { return error.text().find("second attempt") != std::string::npos; }
  static bool wasNotMade(const Error& error) { return error.text().find("not tried again") != std::string::npos; }

  std::mutex mutex_;
  std::condition_variable changed_;
  int held_ = 0;
  bool released_ = false;
};

TEST_F(Retry, DiesOnceThenAnswers) {
  auto module = load();
  EXPECT_EQ(handleOf(module).failUntil(2, Fault::abort, Fault::abort).value(), 2u);
  EXPECT_EQ(module.generation(), 2u);
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);  // the caller has its value, the death its report
  EXPECT_EQ(exits[0].signal, SIGABRT);
  EXPECT_EQ(exits[0].generation, 1u);
  EXPECT_EQ(exits[0].method, "Faults.failUntil");
}

// The same by words, without a handle.
TEST_F(Retry, CallsByMessageAreMadeAgainIfTheyAreIdempotent) {
  auto module = load();
  const auto call = [&](const BulkheadMethod& method, std::uint64_t generation) {
    std::vector<std::uint64_t> params(3);
    detail::WordWriter writer(params.data());
    writer.root(2, 0);
    writer.set<std::uint64_t>(0, generation);
    for (const std::uint32_t fault : {4u, 5u})
      writer.set<std::uint16_t>(fault, static_cast<std::uint16_t>(Fault::abort));
    return module.callMessage(method.interface_id, method.ordinal, params);
  };
  const auto again = call(faults::kFaultsFailUntil, 2);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->back(), 2u);
  const auto died = call(faults::kFaultsFailUntilPlain, 3);
  ASSERT_FALSE(died);
  expectDied(died.error(), "Faults.failUntilPlain");
  expectServes(handleOf(module));
}

TEST_F(Retry, DiesOnceThenAnswersUnderOptions) {
  auto module = load();
  std::stop_source source;
  EXPECT_EQ(handleOf(module).within(kLong).failUntil(2, Fault::exitThree, Fault::abort).value(), 2u);
  EXPECT_EQ(module.generation(), 2u);
  auto other = load({}, "other");
  EXPECT_EQ(handleOf(other).cancellable(source.get_token()).failUntil(2, Fault::kill, Fault::abort).value(), 2u);
}

TEST_F(Retry, CallsOfManyThreadsAreMadeAgain) {
  auto module = load();
  const auto faults = handleOf(module);
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const auto answer = faults.within(kLong).failUntil(2, Fault::kill, Fault::kill);
      ASSERT_TRUE(answer) << answer.error().message();
      EXPECT_EQ(*answer, 2u);
    });
  }
  for (auto& caller : callers) caller.join();
}

TEST_F(Retry, DiesTwice) {
  auto module = load();
  const auto faults = handleOf(module);
  const auto outcome = faults.failUntil(3, Fault::abort, Fault::exitThree);
  ASSERT_FALSE(outcome);
  expectDied(outcome.error(), "Faults.failUntil");
  EXPECT_TRUE(isSecond(outcome.error())) << outcome.error().message();
  EXPECT_EQ(heard_.exits(2).size(), 2u);
  EXPECT_EQ(faults.within(kLong).failUntil(3, Fault::abort, Fault::abort).value(), 3u);
}

TEST_F(Retry, TheSecondAttemptHasADeadline) {
  auto module = load({.deadline = 500ms});
  const auto outcome = handleOf(module).failUntil(3, Fault::abort, Fault::busyLoop);
  ASSERT_FALSE(outcome);
  // On a busy machine the restart alone can take what was left.
  if (outcome.error().kind() == ErrorKind::moduleDied) {
    EXPECT_TRUE(wasNotMade(outcome.error())) << outcome.error().message();
  } else {
    EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
    EXPECT_TRUE(isSecond(outcome.error())) << outcome.error().message();
  }
  expectServes(handleOf(module));
}

// ---- never

TEST_F(Retry, NotIdempotent) {
  auto module = load();
  const auto outcome = handleOf(module).failUntilPlain(2, Fault::abort);
  ASSERT_FALSE(outcome);
  expectDied(outcome.error(), "Faults.failUntilPlain");
  EXPECT_FALSE(isSecond(outcome.error()) || wasNotMade(outcome.error()));
  expectServes(handleOf(module));
}

TEST_F(Retry, AfterADeadline) {
  auto module = load({.deadline = 300ms});
  const auto outcome = handleOf(module).failUntil(2, Fault::busyLoop, Fault::none);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_FALSE(isSecond(outcome.error()));
  expectServes(handleOf(module));
}

TEST_F(Retry, AfterAnImport) {
  auto module = load();
  const auto outcome = handleOf(module).importThenFail(false, Fault::abort);
  ASSERT_FALSE(outcome);
  expectDied(outcome.error(), "Faults.importThenFail");
  EXPECT_EQ(imports_.spends, 1u);
  expectServes(handleOf(module));
}

TEST_F(Retry, AfterAnImportOfAThreadOfTheModule) {
  auto module = load();
  const auto outcome = handleOf(module).within(kLong).importThenFail(true, Fault::abort);
  ASSERT_FALSE(outcome);
  expectDied(outcome.error(), "Faults.importThenFail");
  EXPECT_EQ(imports_.spends, 1u);
  expectServes(handleOf(module));
}

TEST_F(Retry, NestedOnTheSameWorker) {
  auto module = load();
  const auto faults = handleOf(module);
  std::optional<Error> inner;
  imports_.onRecurse = [&](std::uint32_t) -> Result<std::uint32_t> {
    const auto nested = faults.failUntil(2, Fault::abort, Fault::none);
    if (!nested) inner = nested.error();
    return 0u;
  };
  const auto outer = faults.recurse(1);
  ASSERT_FALSE(outer);
  expectDied(outer.error(), "Faults.recurse");
  ASSERT_TRUE(inner);
  expectDied(*inner, "Faults.failUntil");
  EXPECT_FALSE(isSecond(*inner) || wasNotMade(*inner)) << inner->message();
  expectServes(faults);
}

TEST_F(Retry, NestedOnAnotherWorkerItIsMade) {
  auto module = load();
  auto other = load({}, "other");
  const auto faults = handleOf(other);
  std::uint64_t inner = 0;
  imports_.onRecurse = [&](std::uint32_t) -> Result<std::uint32_t> {
    inner = faults.failUntil(2, Fault::abort, Fault::none).value();
    return 0u;
  };
  EXPECT_TRUE(handleOf(module).recurse(1));
  EXPECT_EQ(inner, 2u);
  EXPECT_EQ(module.generation(), 1u);
}

TEST_F(Retry, WhenTheCallersLimitIsSpent) {
  holdRestarts();
  auto module = load();
  const auto faults = handleOf(module);
  const auto outcome = faults.within(500ms).failUntil(2, Fault::abort, Fault::none);
  ASSERT_FALSE(outcome);
  release();
  if (outcome.error().kind() != ErrorKind::deadlineExceeded) {  // a machine that was too busy for the first attempt
    expectDied(outcome.error(), "Faults.failUntil");
    EXPECT_NE(outcome.error().exitReport(), nullptr);
    EXPECT_FALSE(isSecond(outcome.error()));
  }
  expectServes(faults);
}

TEST_F(Retry, WhenTheRestartFails) {
  auto module = load();
  const auto faults = handleOf(module);
  imports_.loadFault = Fault::throwText;
  const auto outcome = faults.within(kLong).failUntil(2, Fault::abort, Fault::none);
  ASSERT_FALSE(outcome);
  expectDied(outcome.error(), "Faults.failUntil");
  EXPECT_TRUE(wasNotMade(outcome.error())) << outcome.error().message();
  imports_.loadFault = Fault::none;
  expectServes(faults);
}

TEST_F(Retry, WhenItIsCancelledMeanwhile) {
  holdRestarts();
  auto module = load();
  const auto faults = handleOf(module);
  std::stop_source source;
  std::thread stopper([&] {
    awaitHeld();
    source.request_stop();
  });
  const auto outcome = faults.cancellable(source.get_token()).failUntil(2, Fault::abort, Fault::none);
  stopper.join();
  ASSERT_FALSE(outcome);
  expectDied(outcome.error(), "Faults.failUntil");
  EXPECT_FALSE(isSecond(outcome.error()));
  release();
  expectServes(faults);
}

// An import of a worker that took the place of another one knows so.
TEST_F(Retry, ImportsKnowTheGenerationTheyServe) {
  auto module = load();
  const auto faults = handleOf(module);
  std::vector<std::pair<std::uint64_t, std::string>> served;
  imports_.onRecurse = [&](std::uint32_t) -> Result<std::uint32_t> {
    const auto call = servedCall();
    served.emplace_back(call->generation, call->method);
    return 0u;
  };
  EXPECT_TRUE(faults.recurse(1));
  EXPECT_FALSE(faults.misbehave(Fault::abort));
  EXPECT_TRUE(faults.within(kLong).recurse(1));
  EXPECT_EQ(served, (std::vector<std::pair<std::uint64_t, std::string>>{{1, "Faults.recurse"}, {2, "Faults.recurse"}}));
}

// ---- waits that end when a call is cancelled, and what does not

class CancelledWaits : public Retry {};

TEST_F(CancelledWaits, ForARestart) {
  holdRestarts();
  auto module = load();
  const auto faults = handleOf(module);
  EXPECT_FALSE(faults.misbehave(Fault::abort));
  awaitHeld();
  std::stop_source source;
  std::atomic<int> cancelled{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      const auto outcome = faults.cancellable(source.get_token()).ping(1);
      if (!outcome && outcome.error().kind() == ErrorKind::cancelled) ++cancelled;
    });
  }
  source.request_stop();
  for (auto& caller : callers) caller.join();  // while the start is still under way
  EXPECT_EQ(cancelled, 4);
  release();
  expectServes(faults);
}

TEST_F(CancelledWaits, ForALane) {
  auto module = load({.maxLanes = 1});
  const auto faults = handleOf(module);
  expectServes(faults);  // this thread has the lane
  std::stop_source source;
  std::thread caller([&] {
    const auto outcome = faults.cancellable(source.get_token()).ping(1);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), ErrorKind::cancelled) << outcome.error().message();
  });
  source.request_stop();
  caller.join();
  expectServes(faults);
  EXPECT_EQ(module.generation(), 1u);
}

TEST_F(CancelledWaits, AModuleThatDoesNotLookIsEndedByItsDeadline) {
  auto module = load();
  const auto faults = handleOf(module);
  std::stop_source source;
  std::thread stopper([&] {
    ASSERT_TRUE(heard_.line("asleep"));
    source.request_stop();
  });
  const auto outcome = faults.within(3s).cancellable(source.get_token()).misbehave(Fault::sleep);
  stopper.join();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  expectServes(faults);
}

}  // namespace
}  // namespace bulkhead::hostile
