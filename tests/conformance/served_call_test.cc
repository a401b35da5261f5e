// Whom an import serves: module, generation and call, on the thread that runs it. (C10)
#include "tests/conformance/context_fixture.h"
#include "tests/conformance/gate.h"

#include <atomic>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

namespace bulkhead::conformance {
namespace {

// What servedCall() said, kept.
struct Seen {
  bool isSet = false;
  std::string module;
  std::uint64_t generation = 0;
  std::string method;
  std::uint64_t callId = 0;
};

Seen look() {
  const auto served = servedCall();
  if (!served) return {};
  return {true, std::string(served->module), served->generation, std::string(served->method), served->callId};
}

class ServedCallTest : public ContextFixture {
 protected:
  HostOptions hostOptions() override {
    HostOptions options;
    options.onStarted = [this](const Starting& starting) { return onStarted ? onStarted(starting) : Result<void>(); };
    return options;
  }
  void SetUp() override {
    host_.on("constructor", [this] { constructor_ = look(); });
    host_.on("destructor", [this] { destructor_ = look(); });
    host_.on("look", [this] {
      const std::lock_guard lock(mutex_);
      seen_.push_back(look());
    });
    ContextFixture::SetUp();
  }
  static void expectCall(const Seen& seen, const char* method, const char* module = "context") {
    EXPECT_TRUE(seen.isSet);
    EXPECT_EQ(seen.module, module);
    EXPECT_EQ(seen.generation, 1u);
    EXPECT_EQ(seen.method, method);
    EXPECT_NE(seen.callId, 0u);
  }
  static void expectNoCall(const Seen& seen, const char* module = "context") {
    EXPECT_TRUE(seen.isSet);
    EXPECT_EQ(seen.module, module);
    EXPECT_EQ(seen.generation, 1u);
    EXPECT_EQ(seen.method, "");
    EXPECT_EQ(seen.callId, 0u);
  }

  std::function<Result<void>(const Starting&)> onStarted;
  std::mutex mutex_;
  std::vector<Seen> seen_;
  Seen constructor_;
  Seen destructor_;
};
BULKHEAD_EVERY_PLACEMENT(ServedCallTest);

TEST_P(ServedCallTest, OutsideOfImportsThereIsNone) {
  EXPECT_FALSE(servedCall());
  ASSERT_TRUE(subject().act("look"));
  EXPECT_FALSE(servedCall());
  std::thread([] { EXPECT_FALSE(servedCall()); }).join();
}

TEST_P(ServedCallTest, AnImportKnowsItsCall) {
  ASSERT_TRUE(subject().act("look"));
  ASSERT_EQ(seen_.size(), 1u);
  expectCall(seen_[0], "Context.act");
}

TEST_P(ServedCallTest, ImportsOfOneCallHaveOneIdAndCallsDiffer) {
  ASSERT_TRUE(subject().actTwice("look"));
  ASSERT_TRUE(subject().actTwice("look"));
  ASSERT_EQ(seen_.size(), 4u);
  for (const Seen& seen : seen_) expectCall(seen, "Context.actTwice");
  EXPECT_EQ(seen_[0].callId, seen_[1].callId);
  EXPECT_EQ(seen_[2].callId, seen_[3].callId);
  EXPECT_NE(seen_[0].callId, seen_[2].callId);
}

TEST_P(ServedCallTest, NestedImportsKnowTheirOwnCalls) {
  std::vector<Seen> outer;
  host_.on("nest", [&] {
    outer.push_back(look());
    EXPECT_TRUE(subject().actTwice("look"));
    outer.push_back(look());
  });
  ASSERT_TRUE(subject().act("nest"));
  ASSERT_EQ(outer.size(), 2u);
  ASSERT_EQ(seen_.size(), 2u);
  expectCall(outer[0], "Context.act");
  expectCall(outer[1], "Context.act");
  EXPECT_EQ(outer[0].callId, outer[1].callId);
  expectCall(seen_[0], "Context.actTwice");
  EXPECT_EQ(seen_[0].callId, seen_[1].callId);
  EXPECT_NE(seen_[0].callId, outer[0].callId);
}

TEST_P(ServedCallTest, AnOuterCallThatIsAskedForLateHasItsOwnId) {
  Seen outer;
  host_.on("nest", [&] {
    EXPECT_TRUE(subject().act("look"));
    EXPECT_TRUE(subject().act("look"));
    outer = look();
  });
  ASSERT_TRUE(subject().act("nest"));
  const std::set<std::uint64_t> ids = {seen_[0].callId, seen_[1].callId, outer.callId};
  EXPECT_EQ(ids.size(), 3u);
}

TEST_P(ServedCallTest, CallsWithOptionsAreKnown) {
  ASSERT_TRUE(subject().within(std::chrono::seconds(20)).act("look"));
  std::stop_source source;
  ASSERT_TRUE(subject().cancellable(source.get_token()).act("look"));
  ASSERT_TRUE(subject().annotatedAround("look"));
  ASSERT_EQ(seen_.size(), 3u);
  expectCall(seen_[0], "Context.act");
  expectCall(seen_[1], "Context.act");
  expectCall(seen_[2], "Context.annotatedAround");
}

TEST_P(ServedCallTest, AThreadOfTheModuleServesNoCall) {
  ASSERT_TRUE(subject().actInThread("look"));
  ASSERT_EQ(seen_.size(), 1u);
  expectNoCall(seen_[0]);
}

TEST_P(ServedCallTest, ACallMadeForAThreadOfTheModuleIsKnown) {
  std::vector<Seen> outer;
  host_.on("nest", [&] {
    outer.push_back(look());
    EXPECT_TRUE(subject().act("look"));
    outer.push_back(look());
  });
  ASSERT_TRUE(subject().actInThread("nest"));
  expectNoCall(outer.at(0));
  expectNoCall(outer.at(1));
  expectCall(seen_.at(0), "Context.act");
}

TEST_P(ServedCallTest, ConstructorAndDestructorServeNoCall) {
  expectNoCall(constructor_);
  ASSERT_TRUE(module().unload());
  expectNoCall(destructor_);
}

TEST_P(ServedCallTest, ModulesAreToldApart) {
  auto other = loadOther();
  ASSERT_TRUE(other) << other.error().message();
  const auto deeper = other->get<context::host::Context>().value();
  Seen outer;
  host_.on("other", [&] {
    EXPECT_TRUE(deeper.actTwice("look"));
    outer = look();
  });
  ASSERT_TRUE(subject().act("other"));
  expectCall(seen_.at(0), "Context.actTwice", "other");
  expectCall(outer, "Context.act");
  EXPECT_NE(seen_.at(0).callId, outer.callId);
  EXPECT_TRUE(other->unload());
  expectNoCall(destructor_, "other");
}

TEST_P(ServedCallTest, AConstructorInsideACallServesNoCall) {
  host_.on("load", [&] {
    auto other = loadOther();
    ASSERT_TRUE(other) << other.error().message();
    expectNoCall(constructor_, "other");
    EXPECT_TRUE(other->unload());
    expectCall(look(), "Context.act");
  });
  ASSERT_TRUE(subject().act("load"));
}

TEST_P(ServedCallTest, CallsOfOnStartedAreKnown) {
  onStarted = [](const Starting& starting) -> Result<void> {
    return starting.get<context::host::Context>().value().actTwice("look");
  };
  auto other = loadOther();
  ASSERT_TRUE(other) << other.error().message();
  expectCall(seen_.at(0), "Context.actTwice", "other");
  EXPECT_TRUE(other->unload());
}

TEST_P(ServedCallTest, CallsOfManyThreadsAreToldApart) {
  Gate gate;
  std::set<std::uint64_t> ids;
  host_.on("meet", [&] {
    const Seen mine = look();
    gate.meet(8);
    EXPECT_EQ(look().callId, mine.callId);
    expectCall(mine, "Context.act");
    const std::lock_guard lock(mutex_);
    ids.insert(mine.callId);
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this] { EXPECT_TRUE(subject().act("meet")); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ids.size(), 8u);
}

// ---- idempotent methods: what applies to both placements; the rest needs a death (tests/hostile)

TEST_P(ServedCallTest, AnIdempotentCallThatFailsIsNotMadeAgain) {
  EXPECT_EQ(subject().attempts("", "").value(), 1u);
  const auto failed = subject().attempts("", "no");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::moduleError);
  EXPECT_EQ(failed.error().text(), "no");
  EXPECT_EQ(subject().within(std::chrono::seconds(20)).attempts("look", "no").error().text(), "no");
  EXPECT_EQ(subject().attempts("", "").value(), 4u);
  EXPECT_EQ(seen_.size(), 1u);
}

}  // namespace
}  // namespace bulkhead::conformance
