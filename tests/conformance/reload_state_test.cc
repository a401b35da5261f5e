// State that the old version hands to the new one. (R1)
#include "memo.host.h"
#include "tally.host.h"
#include "tests/conformance/callers.h"
#include "tests/conformance/gate.h"
#include "tests/conformance/modules.h"

#include <bulkhead/generic.h>

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace bulkhead::conformance {
namespace {

using memo::host::Memo;
using tally::host::Tally;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DuringHost final : public tally::host::TallyHost {
 public:
  Result<void> during() override { return run(); }
  std::function<Result<void>()> run = [] { return Result<void>(); };
};

class ReloadStateTest : public testing::EveryPlacement<Tally, Memo> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("tally"); }
  Imports imports() override { return host_; }

  void fill() {
    ASSERT_TRUE(subject().add(40));
    ASSERT_TRUE(subject().add(2));
    ASSERT_TRUE(subject().note("first"));
    ASSERT_TRUE(subject().note("second"));
    ASSERT_TRUE(subject<Memo>().put("a line"));
  }
  // It is all there, in whichever version.
  void expectState() {
    EXPECT_EQ(subject().add(0).value(), 42);
    EXPECT_EQ(subject<Memo>().lines().value(), std::vector<std::string>{"a line"});
  }
  void expectRefusal(const Result<ReloadReport>& outcome, ErrorKind kind, const std::string& method,
                     const std::string& text) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), kind) << outcome.error().message();
    EXPECT_EQ(outcome.error().method(), method);
    EXPECT_THAT(outcome.error().text(), StartsWith("reload: state: "));
    EXPECT_THAT(outcome.error().text(), HasSubstr(text));
    EXPECT_EQ(module().generation(), 1u);
    EXPECT_EQ(subject().version().value(), "1");
    expectState();
  }
  Result<ReloadReport> reload(const std::string& fixture, const ReloadOptions& options = {}) {
    return module().reload(conformance::modulePath(fixture), options);
  }

  DuringHost host_;
};
BULKHEAD_EVERY_PLACEMENT(ReloadStateTest);

TEST_P(ReloadStateTest, GoesToANewerVersionWithMoreFieldsAndBack) {
  fill();
  auto outcome = reload("tally_2");
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_THAT(outcome->statesMoved, ::testing::UnorderedElementsAre("Tally", "Memo"));
  EXPECT_GT(outcome->holding.count(), 0);
  EXPECT_EQ(subject().version().value(), "2");
  expectState();
  EXPECT_EQ(subject().note("third").value(), 3u);
  // What the older one did not know has its default, and is kept from then on.
  EXPECT_EQ(GenericModule::of(module()).value().callJson("Tally.loads", "{}").value(), R"({"loads":2})");
  ASSERT_TRUE(reload("tally_2"));
  EXPECT_EQ(GenericModule::of(module()).value().callJson("Tally.loads", "{}").value(), R"({"loads":3})");
  ASSERT_TRUE(reload("tally"));
  EXPECT_EQ(subject().version().value(), "1");
  expectState();
  EXPECT_EQ(subject().note("fourth").value(), 4u);
}

TEST_P(ReloadStateTest, ASaverThatFailsKeepsTheOldVersion) {
  fill();
  ASSERT_TRUE(subject().nextSave(tally::Save::FAILING));
  expectRefusal(reload("tally_2"), ErrorKind::moduleError, "Tally.save", "the disk is full");
  ASSERT_TRUE(subject().nextSave(tally::Save::THROWING));
  expectRefusal(reload("tally_2"), ErrorKind::moduleError, "Tally.save", "no state today");
  ASSERT_TRUE(subject().nextSave(tally::Save::RIGHT));
  EXPECT_TRUE(reload("tally_2"));
  expectState();
}

TEST_P(ReloadStateTest, ARestorerThatFailsKeepsTheOldVersion) {
  fill();
  expectRefusal(reload("tally_refusing"), ErrorKind::moduleError, "Tally.restore", "too old");
  expectRefusal(reload("tally_throwing"), ErrorKind::moduleError, "Tally.restore", "names");
  EXPECT_TRUE(module().parked().empty());
}

// Each addition was answered, and each is in the end.
TEST_P(ReloadStateTest, NoUpdateIsLostUnderCalls) {
  const int reloads = kind() == Placement::Kind::inProcess ? 40 : 8;
  std::atomic<bool> done{false};
  std::atomic<std::int64_t> added{0}, failed{0};
  Callers callers(done);
  for (int i = 0; i < 2; ++i) {
    callers.threads.emplace_back([&] {
      while (!done) ++(subject().add(1) ? added : failed);
    });
  }
  for (int i = 0; i < reloads; ++i) {
    const std::int64_t before = added;
    const auto outcome = reload(i % 2 == 0 ? "tally_2" : "tally");
    ASSERT_TRUE(outcome) << outcome.error().message();
    while (added == before) std::this_thread::yield();
  }
  callers.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(subject().add(0).value(), added);
}

TEST_P(ReloadStateTest, CallsWaitForAHandoverButForThoseNestedInOneUnderWay) {
  fill();
  std::thread reloading;
  host_.run = [&]() -> Result<void> {
    reloading = std::thread([this] {
      const auto outcome = reload("tally_2", {.quiesceTimeout = std::chrono::minutes(5)});
      EXPECT_TRUE(outcome) << outcome.error().message();
    });
    std::thread other([this] {  // until calls wait
      for (;;) {
        const auto answer = subject().within(std::chrono::milliseconds(20)).add(0);
        if (!answer && answer.error().kind() == ErrorKind::unavailable) return;
      }
    });
    other.join();
    EXPECT_EQ(subject().add(8).value(), 50);
    EXPECT_EQ(subject().version().value(), "1");
    EXPECT_TRUE(subject<Memo>().put("while it waited"));  // serialized
    EXPECT_EQ(module().generation(), 1u);
    return {};
  };
  EXPECT_EQ(subject().addDuring(-8).value(), 42);
  reloading.join();
  EXPECT_EQ(subject().version().value(), "2");
  EXPECT_EQ(subject().add(0).value(), 42);
  EXPECT_THAT(subject<Memo>().lines().value(), ElementsAre("a line", "while it waited"));
}

TEST_P(ReloadStateTest, ACallThatDoesNotEndKeepsTheOldVersion) {
  fill();
  Gate gate;
  host_.run = [&]() -> Result<void> {
    gate.pass();
    return {};
  };
  std::thread caller([this] { EXPECT_EQ(subject().addDuring(0).value(), 42); });
  gate.awaitArrivals(1);
  expectRefusal(reload("tally_2", {.quiesceTimeout = std::chrono::milliseconds(20)}), ErrorKind::deadlineExceeded, "",
                "1 threads were still inside calls");
  gate.open();
  caller.join();
  EXPECT_TRUE(reload("tally_2"));
  expectState();
}

// ---- what only a worker can do

class ReloadStateIsolatedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = host_.load(modulePath("tally"), Placement::isolated({.deadline = std::chrono::seconds(3)}), imports_);
    ASSERT_TRUE(loaded) << loaded.error().message();
    module_.emplace(*std::move(loaded));
    tally_ = module_->get<Tally>().value();
    ASSERT_EQ(tally_.add(42).value(), 42);
  }
  void TearDown() override { EXPECT_TRUE(module_->unload()); }

  DuringHost during_;
  Imports imports_{during_};
  Host host_;
  std::optional<Module> module_;
  Tally tally_;
};

TEST_F(ReloadStateIsolatedTest, ARestorerThatHangsEndsWithItsDeadlineAndTheOldVersionHasTheState) {
  const auto outcome = module_->reload(modulePath("tally_hanging"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(outcome.error().method(), "Tally.restore");
  EXPECT_EQ(tally_.add(0).value(), 42);
  EXPECT_EQ(module_->generation(), 1u);
}

// Its worker is killed or dies, as by any call; a fresh one of the same version serves.
TEST_F(ReloadStateIsolatedTest, ASaverThatHangsOrDiesLeavesTheOldVersionServing) {
  ASSERT_TRUE(tally_.nextSave(tally::Save::HANGING));
  const auto hung = module_->reload(modulePath("tally_2"));
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(hung.error().method(), "Tally.save");
  EXPECT_EQ(tally_.version().value(), "1");
  ASSERT_TRUE(tally_.nextSave(tally::Save::EXITING));
  const auto died = module_->reload(modulePath("tally_2"));
  ASSERT_FALSE(died);
  EXPECT_EQ(died.error().kind(), ErrorKind::moduleDied);
  EXPECT_THAT(died.error().text(), StartsWith("reload: state: "));
  EXPECT_EQ(tally_.version().value(), "1");
  EXPECT_TRUE(module_->reload(modulePath("tally_2")));
  EXPECT_EQ(tally_.version().value(), "2");
}

TEST_F(ReloadStateIsolatedTest, ANewVersionThatDiesBeforeTheSwapIsRefused) {
  ReloadOptions options;
  options.selfTest = [](const Starting& starting) -> Result<void> {
    const auto fresh = starting.get<Tally>().value();
    EXPECT_TRUE(fresh.nextSave(tally::Save::EXITING));
    EXPECT_EQ(fresh.save().error().kind(), ErrorKind::moduleDied);
    return {};
  };
  const auto outcome = module_->reload(modulePath("tally_2"), options);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleDied) << outcome.error().message();
  EXPECT_THAT(outcome.error().text(), StartsWith("reload: "));
  EXPECT_EQ(tally_.add(0).value(), 42);
}

}  // namespace
}  // namespace bulkhead::conformance
