// Another version of a module takes the place of the one that serves. (R1)
#include "counter.host.h"
#include "tests/conformance/gate.h"
#include "tests/conformance/loaded.h"
#include "tests/conformance/modules.h"
#include "tool.host.h"
#include "turn.host.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <stop_token>
#include <thread>

namespace bulkhead::conformance {
namespace {

using counter::host::Counter;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string textOf(const Result<ReloadReport>& outcome) { return outcome ? "reloaded" : outcome.error().message(); }

// A module file of its own for each test, which the test replaces.
class ReloadTest : public testing::EveryPlacement<Counter> {
 protected:
  ReloadTest() {
    std::filesystem::create_directories(folder_);
    replace("counter");
  }
  ~ReloadTest() override { std::filesystem::remove_all(folder_); }

  std::string modulePath() const override { return folder_ / "codec.so"; }
  HostOptions hostOptions() override {
    HostOptions options;
    options.onStarted = [this](const Starting& starting) { return onStarted_(starting); };
    return options;
  }

  // As an installer does: the new file under another name, and then in place of the old.
  void replace(const std::string& fixture) const {
    std::filesystem::copy_file(conformance::modulePath(fixture), folder_ / "new");
    std::filesystem::rename(folder_ / "new", modulePath());
  }
  std::string version() const { return subject().version().valueOr("none"); }
  // The reload failed, and nothing has changed.
  void expectRefusal(const Result<ReloadReport>& outcome, ErrorKind kind, const std::string& step) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), kind) << outcome.error().message();
    EXPECT_THAT(outcome.error().text(), StartsWith("reload: " + step + ": "));
    EXPECT_EQ(outcome.error().module(), "codec");
    EXPECT_EQ(module().generation(), 1u);
    EXPECT_EQ(version(), "1");
    EXPECT_TRUE(module().parked().empty());
    EXPECT_LE(loadedObjects("codec").size(), 1u);
  }

  std::function<Result<void>(const Starting&)> onStarted_ = [](const Starting&) { return Result<void>(); };

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      ("reload-test-" + std::to_string(::getpid()) + "-" + std::to_string(nextFolder_++));
  inline static std::atomic<int> nextFolder_{0};
};
BULKHEAD_EVERY_PLACEMENT(ReloadTest);

TEST_P(ReloadTest, AVersionThatCannotBeLoadedChangesNothing) {
  for (const char* const broken : {"broken_symbol", "broken_static", "broken_abi", "broken_table", "broken_create",
                                   "broken_refuses", "broken_no_entry"}) {
    SCOPED_TRACE(broken);
    const auto outcome = module().reload(conformance::modulePath(broken));
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().text(), StartsWith("reload: load: "));
    EXPECT_EQ(version(), "1");
    EXPECT_EQ(module().generation(), 1u);
    EXPECT_TRUE(module().parked().empty());
  }
  replace("counter_2");
  EXPECT_TRUE(module().reload());
  EXPECT_EQ(version(), "2");
}

TEST_P(ReloadTest, AnUnchangedFileIsLoadedAnew) {
  const auto handle = subject();
  EXPECT_EQ(handle.next().value(), 1u);
  EXPECT_EQ(handle.next().value(), 2u);
  const Traces before(module(), "codec");
  EXPECT_FALSE(before.areGone());
  const auto outcome = module().reload();
  ASSERT_TRUE(outcome) << textOf(outcome);
  EXPECT_EQ(outcome->oldGeneration, 1u);
  EXPECT_EQ(outcome->newGeneration, 2u);
  EXPECT_EQ(outcome->old, OldVersion::unloaded);
  EXPECT_FALSE(outcome->why);
  EXPECT_GT(outcome->preparing.count(), 0);
  EXPECT_EQ(outcome->holding.count(), 0);
  EXPECT_TRUE(outcome->statesMoved.empty());
  EXPECT_EQ(module().generation(), 2u);
  EXPECT_EQ(handle.next().value(), 1u);  // statics are fresh
  EXPECT_TRUE(before.areGone());
}

TEST_P(ReloadTest, AReplacedFileServesBehindTheSameHandle) {
  const auto handle = subject();
  const auto manifests = module().manifests();
  const std::string reason = module().placement().reason;
  EXPECT_EQ(version(), "1");
  replace("counter_2");
  EXPECT_EQ(version(), "1");
  ASSERT_TRUE(module().reload());
  EXPECT_EQ(handle.version().value(), "2");
  EXPECT_EQ(module().name(), "codec");
  EXPECT_EQ(module().placement().kind, kind());
  EXPECT_EQ(module().placement().reason, reason);
  ASSERT_EQ(manifests.size(), 1u);
  EXPECT_TRUE(std::ranges::equal(manifests[0], module().manifests().at(0)));  // still readable
  replace("counter");
  ASSERT_TRUE(module().reload());
  EXPECT_EQ(handle.version().value(), "1");
  EXPECT_EQ(module().generation(), 3u);
}

TEST_P(ReloadTest, AnotherFileMayTakeThePlace) {
  ASSERT_TRUE(module().reload(conformance::modulePath("counter_2")));
  EXPECT_EQ(version(), "2");
  EXPECT_EQ(module().name(), "codec");
  ASSERT_TRUE(module().reload());  // that one is the module's file now
  EXPECT_EQ(version(), "2");
  EXPECT_EQ(module().generation(), 3u);
}

TEST_P(ReloadTest, AMissingFileIsRefused) {
  expectRefusal(module().reload("/nowhere/codec.so"), ErrorKind::notFound, "check");
  std::filesystem::remove(modulePath());
  expectRefusal(module().reload(), ErrorKind::notFound, "check");
  replace("counter_2");
  EXPECT_TRUE(module().reload());
  EXPECT_EQ(version(), "2");
}

TEST_P(ReloadTest, AFileThatIsNoModuleIsRefused) {
  std::filesystem::remove(modulePath());
  std::ofstream(modulePath()) << "not yet written";
  expectRefusal(module().reload(), ErrorKind::notAModule, "check");
}

TEST_P(ReloadTest, AModuleThatNeedsMoreImportsIsRefused) {
  const auto outcome = module().reload(conformance::modulePath("probe"));
  expectRefusal(outcome, ErrorKind::contractMismatch, "check");
  EXPECT_THAT(textOf(outcome), HasSubstr("ProbeHost"));
}

TEST_P(ReloadTest, AModuleWithoutWhatIsServedIsRefused) {
  const auto outcome = module().reload(conformance::modulePath("tool_newer"));
  expectRefusal(outcome, ErrorKind::contractMismatch, "check");
  EXPECT_THAT(textOf(outcome), HasSubstr("does not implement Counter any more"));
}

TEST_P(ReloadTest, AModuleWithAnotherContractIsRefused) {
  auto tool = load(conformance::modulePath("tool_newer"));
  ASSERT_TRUE(tool) << tool.error().message();
  const auto handle = tool->get<tool::host::Tool>().value();
  const auto outcome = tool->reload(conformance::modulePath("tool_other"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(outcome.error().text(), StartsWith("reload: check: Tool."));
  EXPECT_EQ(handle.twice(4).value(), 8);
  EXPECT_TRUE(tool->unload());
}

TEST_P(ReloadTest, AConstructorThatThrowsIsRefused) {
  replace("throwing_constructor");
  const auto outcome = module().reload();
  expectRefusal(outcome, ErrorKind::loadFailed, "load");
  EXPECT_THAT(textOf(outcome), HasSubstr("no licence file"));
  replace("counter_2");
  EXPECT_TRUE(module().reload());
  EXPECT_EQ(version(), "2");
}

TEST_P(ReloadTest, OnStartedSeesTheNewVersionFirst) {
  replace("counter_2");
  onStarted_ = [this](const Starting& starting) -> Result<void> {
    EXPECT_EQ(starting.get<Counter>().value().version().value(), "2");
    EXPECT_EQ(starting.generation(), 2u);
    EXPECT_EQ(version(), "1");
    return Error(ErrorKind::hostError, "not on Mondays");
  };
  expectRefusal(module().reload(), ErrorKind::hostError, "onStarted");
  onStarted_ = [](const Starting& starting) -> Result<void> {
    EXPECT_EQ(starting.generation(), 3u);
    return {};
  };
  const auto outcome = module().reload();
  ASSERT_TRUE(outcome) << textOf(outcome);
  EXPECT_EQ(outcome->newGeneration, 3u);
  EXPECT_EQ(version(), "2");
}

TEST_P(ReloadTest, ASelfTestCallsTheNewVersionAndDecides) {
  replace("counter_2");
  ReloadOptions options;
  options.selfTest = [this](const Starting& starting) -> Result<void> {
    const auto fresh = starting.get<Counter>().value();
    EXPECT_EQ(fresh.version().value(), "2");
    EXPECT_EQ(fresh.within(std::chrono::minutes(1)).next().value(), 1u);
    EXPECT_EQ(version(), "1");
    return Error(ErrorKind::moduleError, "the sum is wrong");
  };
  const auto refused = module().reload(options);
  expectRefusal(refused, ErrorKind::moduleError, "self-test");
  EXPECT_THAT(textOf(refused), HasSubstr("the sum is wrong"));
  options.selfTest = [](const Starting&) -> Result<void> { throw std::runtime_error("no fixture"); };
  expectRefusal(module().reload(options), ErrorKind::hostError, "self-test");
  options.selfTest = [](const Starting& starting) -> Result<void> {
    return starting.get<Counter>().value().next() ? Result<void>() : Error("dead");
  };
  ASSERT_TRUE(module().reload(options));
  EXPECT_EQ(version(), "2");
  EXPECT_EQ(subject().next().value(), 2u);  // the self-test's call was the first
}

TEST_P(ReloadTest, AReloadFromItsOwnCallbacksWouldDeadlock) {
  ReloadOptions options;
  options.selfTest = [this](const Starting&) -> Result<void> {
    EXPECT_EQ(module().reload().error().kind(), ErrorKind::wouldDeadlock);
    EXPECT_EQ(module().unload().error().kind(), ErrorKind::wouldDeadlock);
    EXPECT_EQ(module().retryParked().error().kind(), ErrorKind::wouldDeadlock);
    return {};
  };
  onStarted_ = options.selfTest;
  EXPECT_TRUE(module().reload(options));
  EXPECT_EQ(module().generation(), 2u);
}

TEST_P(ReloadTest, ReloadsFromManyThreadsTakeTurns) {
  constexpr int kThreads = 4, kEach = 3;
  std::mutex mutex;
  std::set<std::uint64_t> generations;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kEach; ++n) {
        const auto outcome = module().reload(conformance::modulePath((i + n) % 2 == 0 ? "counter" : "counter_2"));
        ASSERT_TRUE(outcome) << textOf(outcome);
        EXPECT_LT(outcome->oldGeneration, outcome->newGeneration);
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(generations.insert(outcome->newGeneration).second);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(generations.size(), std::size_t{kThreads * kEach});
  EXPECT_EQ(module().generation(), *generations.rbegin());
  EXPECT_TRUE(subject().next());
}

TEST_P(ReloadTest, ReloadsBesideAnUnloadEndAsStale) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (;;) {
        const auto outcome = module().reload();
        if (outcome) continue;
        if (outcome.error().kind() != ErrorKind::staleHandle) ++wrong;
        return;
      }
    });
  }
  while (module().generation() < 3) std::this_thread::yield();
  EXPECT_TRUE(module().unload());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(subject().next().error().kind(), ErrorKind::staleHandle);
}

TEST_P(ReloadTest, InterfacesThatANewVersionBringsCanBeHadThen) {
  EXPECT_EQ(module().get<tool::host::Tool>().error().kind(), ErrorKind::unimplemented);
  ASSERT_TRUE(module().reload(conformance::modulePath("half")));
  EXPECT_EQ(version(), "half");
  const auto tool = module().get<tool::host::Tool>();
  ASSERT_TRUE(tool) << tool.error().message();
  EXPECT_EQ(tool->twice(2).error().kind(), ErrorKind::unimplemented);  // it only says that it has it
  EXPECT_EQ(module().manifests().size(), 2u);
  const auto back = module().reload(conformance::modulePath("counter"));
  ASSERT_FALSE(back);
  EXPECT_THAT(textOf(back), HasSubstr("does not implement Tool any more"));
}

TEST_P(ReloadTest, CallsWithOptionsAndByMessageGoToTheNewVersion) {
  replace("counter_2");
  const std::stop_source source;
  const auto handle = subject();
  ASSERT_TRUE(module().reload());
  EXPECT_EQ(handle.within(std::chrono::minutes(1)).version().value(), "2");
  EXPECT_EQ(handle.cancellable(source.get_token()).version().value(), "2");
  const std::uint64_t nothing[1] = {};
  EXPECT_TRUE(module().callMessage(Counter::kInterfaceId, 3, nothing));
  EXPECT_EQ(subject().next().value(), 1u);
}

// ---- calls under way

class ReloadUnderCallsTest : public ProbeFixture {
 protected:
  // A call that is in the module until the gate opens.
  std::thread hold(Gate& gate, std::atomic<int>& answered) {
    host_.on("hold", [&gate]() -> Result<std::string> {
      const auto before = servedCall();
      gate.pass();
      EXPECT_EQ(servedCall()->generation, before->generation);
      return "held by " + std::to_string(before->generation);
    });
    std::thread caller([&] {
      if (subject().act("hold").valueOr("") == "held by 1") ++answered;
    });
    gate.awaitArrivals(1);
    return caller;
  }
};
BULKHEAD_EVERY_PLACEMENT(ReloadUnderCallsTest);

TEST_P(ReloadUnderCallsTest, ACallUnderWayEndsInTheOldVersion) {
  Gate gate;
  std::atomic<int> answered{0};
  std::thread caller = hold(gate, answered);
  std::thread reloading([this] {
    const auto outcome = module().reload({.drainTimeout = std::chrono::minutes(5)});
    ASSERT_TRUE(outcome) << textOf(outcome);
    EXPECT_EQ(outcome->old, OldVersion::unloaded);
  });
  while (module().generation() != 2) {
    EXPECT_EQ(subject().add(1, 2).value(), 3);
    std::this_thread::yield();
  }
  EXPECT_EQ(subject().add(1, 2).value(), 3);  // the new one serves while the old one is drained
  EXPECT_EQ(answered, 0);
  gate.open();
  caller.join();
  reloading.join();
  EXPECT_EQ(answered, 1);
}

TEST_P(ReloadUnderCallsTest, AnOldVersionThatIsNotLeftIsParkedUntilItIs) {
  Gate gate;
  std::atomic<int> answered{0};
  std::thread caller = hold(gate, answered);
  const auto outcome = module().reload({.drainTimeout = std::chrono::milliseconds(20)});
  ASSERT_TRUE(outcome) << textOf(outcome);
  EXPECT_EQ(outcome->old, OldVersion::parked);
  ASSERT_TRUE(outcome->why);
  EXPECT_EQ(outcome->why->kind(), ErrorKind::deadlineExceeded);
  ASSERT_EQ(module().parked().size(), 1u);
  EXPECT_EQ(module().parked()[0].generation, 1u);
  EXPECT_EQ(subject().add(1, 2).value(), 3);
  EXPECT_FALSE(module().retryParked(std::chrono::milliseconds(20)));
  EXPECT_TRUE(module().reload());  // a parked one is in nobody's way
  EXPECT_EQ(module().parked().size(), 1u);
  gate.open();
  caller.join();
  EXPECT_TRUE(module().retryParked());
  EXPECT_TRUE(module().parked().empty());
  EXPECT_EQ(answered, kind() == Placement::Kind::inProcess ? 1 : 0);  // its worker was killed
}

TEST_P(ReloadUnderCallsTest, AReloadFromInsideACallWouldDeadlock) {
  host_.on("reload", [this]() -> Result<std::string> {
    EXPECT_EQ(module().reload().error().kind(), ErrorKind::wouldDeadlock);
    EXPECT_EQ(module().retryParked().error().kind(), ErrorKind::wouldDeadlock);
    return std::string("tried");
  });
  EXPECT_EQ(subject().act("reload").value(), "tried");
  EXPECT_EQ(module().generation(), 1u);
  EXPECT_TRUE(module().reload());
}

// It would wait for the reload, which waits for the call.
TEST_P(ReloadUnderCallsTest, AReloadFromInsideACallOfTheOldVersionWouldDeadlock) {
  std::thread reloading;
  host_.on("reload", [&]() -> Result<std::string> {
    reloading = std::thread([this] { EXPECT_TRUE(module().reload({.drainTimeout = std::chrono::minutes(5)})); });
    while (module().generation() != 2) std::this_thread::yield();
    EXPECT_EQ(module().reload().error().kind(), ErrorKind::wouldDeadlock);
    EXPECT_EQ(subject().add(1, 2).value(), 3);
    return std::string("tried");
  });
  EXPECT_EQ(subject().act("reload").value(), "tried");
  reloading.join();
}

// ---- a serialized contract

class TurnGate final : public turn::host::TurnHost {
 public:
  Result<void> inside(std::uint32_t who) override {
    if (who == 1) gate.pass();
    return {};
  }
  Gate gate;
};

class ReloadSerializedTest : public testing::EveryPlacement<turn::host::Turn> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("turn"); }
  Imports imports() override { return host_; }

  TurnGate host_;
};
BULKHEAD_EVERY_PLACEMENT(ReloadSerializedTest);

// Who has the turn in the old version does not have it in the new one; who waits there, moves.
TEST_P(ReloadSerializedTest, TheNewVersionHasAQueueOfItsOwn) {
  std::thread first([this] { EXPECT_TRUE(subject().enter(1)); });
  host_.gate.awaitArrivals(1);
  std::atomic<int> moved{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      EXPECT_TRUE(subject().enter(2));
      ++moved;
    });
  }
  std::thread reloading([this] {
    const auto outcome = module().reload({.drainTimeout = std::chrono::minutes(5)});
    EXPECT_TRUE(outcome) << textOf(outcome);
  });
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(moved, 3);
  EXPECT_EQ(module().generation(), 2u);
  EXPECT_TRUE(subject().enter(3));
  host_.gate.open();
  first.join();
  reloading.join();
}

// ---- what only a worker can do

TEST(ReloadIsolatedTest, AConstructorThatHangsIsEndedByTheLoadDeadline) {
  Host host;
  auto module = host.load(modulePath("counter"), Placement::isolated({.loadDeadline = std::chrono::seconds(3)}));
  ASSERT_TRUE(module) << module.error().message();
  const auto handle = module->get<Counter>().value();
  const auto outcome = module->reload(modulePath("hanging_constructor"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded) << textOf(outcome);
  EXPECT_THAT(outcome.error().text(), StartsWith("reload: load: "));
  EXPECT_EQ(handle.version().value(), "1");
  EXPECT_TRUE(module->unload());
}

TEST(ReloadIsolatedTest, ARestartAfterAReloadUsesTheNewFile) {
  Host host;
  auto module = host.load(modulePath("counter"), Placement::isolated()).value();
  const auto handle = module.get<Counter>().value();
  ASSERT_TRUE(module.reload(modulePath("counter_2")));
  ASSERT_EQ(::kill(*module.workerPid(), SIGKILL), 0);
  while (module.generation() != 3) std::this_thread::yield();
  EXPECT_EQ(handle.version().value(), "2");
  EXPECT_EQ(module.lastExit()->generation, 2u);
  EXPECT_TRUE(module.unload());
}

TEST(ReloadIsolatedTest, AWorkerThatDiesDuringTheReloadIsReplacedByTheNewVersion) {
  Host host;
  auto module = host.load(modulePath("counter"), Placement::isolated()).value();
  const auto handle = module.get<Counter>().value();
  ReloadOptions options;
  options.selfTest = [&](const Starting& starting) -> Result<void> {
    EXPECT_EQ(::kill(*module.workerPid(), SIGKILL), 0);
    while (module.workerPid()) std::this_thread::yield();
    // Nothing serves until this reload ends, and that waits for this thread.
    EXPECT_EQ(handle.version().error().kind(), ErrorKind::wouldDeadlock);
    return starting.get<Counter>().value().next() ? Result<void>() : Error("dead");
  };
  const auto outcome = module.reload(modulePath("counter_2"), options);
  ASSERT_TRUE(outcome) << textOf(outcome);
  EXPECT_EQ(outcome->old, OldVersion::none);
  EXPECT_EQ(outcome->newGeneration, 2u);
  EXPECT_EQ(module.generation(), 2u);
  EXPECT_EQ(handle.version().value(), "2");
  EXPECT_TRUE(module.unload());
}

TEST(ReloadIsolatedTest, AWorkerThatDiesDuringAFailedReloadIsStartedAgain) {
  Host host;
  auto module = host.load(modulePath("counter"), Placement::isolated()).value();
  const auto handle = module.get<Counter>().value();
  ReloadOptions options;
  options.selfTest = [&](const Starting&) -> Result<void> {
    EXPECT_EQ(::kill(*module.workerPid(), SIGKILL), 0);
    while (module.workerPid()) std::this_thread::yield();
    return Error("no");
  };
  EXPECT_FALSE(module.reload(modulePath("counter_2"), options));
  EXPECT_EQ(handle.version().value(), "1");
  EXPECT_EQ(module.generation(), 3u);
  EXPECT_TRUE(module.unload());
}

}  // namespace
}  // namespace bulkhead::conformance
