// Deadlines: what the module sees of them, and what a call gets that ends late. (C10, S2)
#include "tests/conformance/modules.h"

#include <chrono>
#include <thread>

namespace bulkhead::conformance {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto kDefault = 40s;
// How long the module would go on if nobody ended it: long enough that the deadline is noticed on a busy machine.
constexpr std::uint32_t kGoesOnMs = 500;

class DeadlinesTest : public ProbeFixture {
 protected:
  Placement placement(Placement::Kind kind) const override {
    return Placement::inProcess({.deadline = kDefault}).with(IsolatedOptions{.deadline = kDefault}).as(kind);
  }
  // Limits that are meant to pass measure the module alone: this thread is served already.
  void SetUp() override {
    ProbeFixture::SetUp();
    expectServes();
  }
  // By a method with a long annotation: whatever the module's default is, a busy machine has the time.
  void expectServes() {
    const auto served = subject().annotatedDeadline();
    EXPECT_TRUE(served) << served.error().message();
  }

  template <class R>
  void expectLeft(const R& deadline, nanoseconds over, nanoseconds atMost) {
    ASSERT_TRUE(deadline) << deadline.error().message();
    EXPECT_TRUE(deadline->isSet);
    EXPECT_GT(deadline->nanoseconds, over.count());
    EXPECT_LE(deadline->nanoseconds, atMost.count());
  }
  template <class R>
  void expectExceeded(const R& answer, const char* method) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::deadlineExceeded) << answer.error().message();
    EXPECT_EQ(answer.error().method(), method);
    EXPECT_EQ(answer.error().module(), "probe");
    expectServes();  // the same handle
  }
};
BULKHEAD_EVERY_PLACEMENT(DeadlinesTest);

TEST_P(DeadlinesTest, TheModuleSeesTheDefault) { expectLeft(subject().deadline(), 0s, kDefault); }
TEST_P(DeadlinesTest, TheModuleSeesItsAnnotation) { expectLeft(subject().annotatedDeadline(), kDefault, 60s); }
TEST_P(DeadlinesTest, TheModuleSeesTheCallersLimit) { expectLeft(subject().within(20s).deadline(), 0s, 20s); }
TEST_P(DeadlinesTest, TheCallersLimitBeatsALongerAnnotation) {
  expectLeft(subject().within(20s).annotatedDeadline(), 0s, 20s);
}
TEST_P(DeadlinesTest, ALimitHoldsForItsExpressionAlone) {
  ASSERT_TRUE(subject().within(20s).deadline());
  expectLeft(subject().deadline(), 20s, kDefault);
}

TEST_P(DeadlinesTest, ALimitHoldsForNestedCalls) {
  host_.on("nested", [this]() -> Result<std::string> {
    expectLeft(subject().deadline(), 0s, 20s);
    expectLeft(subject().within(30s).deadline(), 0s, 20s);  // an inner limit never lengthens the outer one
    expectLeft(subject().within(10s).deadline(), 0s, 10s);
    return std::string();
  });
  EXPECT_TRUE(subject().within(20s).act("nested"));
}

TEST_P(DeadlinesTest, ACallInTimeIsNotTouched) {
  EXPECT_EQ(subject().within(30s).add(1, 2).value(), 3);
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(DeadlinesTest, NobodyCancelledACallThatRuns) { EXPECT_FALSE(subject().isCancelled().value()); }

TEST_P(DeadlinesTest, ACallThatEndsAfterTheCallersLimitIsExceeded) {
  const auto answer = subject().within(50ms).late(kGoesOnMs);
  expectExceeded(answer, "Probe.late");
}

TEST_P(DeadlinesTest, ACallThatEndsAfterItsAnnotationIsExceeded) {
  expectExceeded(subject().lateAnnotated(kGoesOnMs), "Probe.lateAnnotated");
}

TEST_P(DeadlinesTest, ACallWhoseTimeIsOverIsNotMade) {
  const auto late = subject().within(0ms).threadCalls();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(late.error().method(), "Probe.threadCalls");
  EXPECT_EQ(subject().threadCalls().value(), 0u);  // the first one that arrives
  EXPECT_EQ(module().generation(), 1u);
}

// The caller's clock runs on while the host serves an import, and is looked at when the import returns.
TEST_P(DeadlinesTest, ASlowImportCountsForTheCallersLimit) {
  host_.on("slow", []() -> Result<std::string> {
    std::this_thread::sleep_for(60ms);  // what is tested is time
    return std::string("done");
  });
  const auto answer = subject().within(30ms).act("slow");
  expectExceeded(answer, "Probe.act");
}

// Limits beyond what a clock can count are none, and not long ago.
TEST_P(DeadlinesTest, TheLongestLimitThatCanBeSaidHolds) {
  EXPECT_EQ(subject().within(nanoseconds::max()).add(1, 2).value(), 3);
  const auto longest = std::chrono::milliseconds::max();
  auto module = host().load(modulePath(),
                            Placement::inProcess({.deadline = longest})
                                .with(IsolatedOptions{.deadline = longest, .loadDeadline = longest})
                                .as(kind()),
                            host_);
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->get<probe::host::Probe>().value().add(1, 2).value(), 3);
  EXPECT_EQ(module->generation(), 1u);
  EXPECT_TRUE(module->unload(longest));
}

class ShortDefaultTest : public DeadlinesTest {
 protected:
  Placement placement(Placement::Kind kind) const override {
    return Placement::inProcess({.deadline = 100ms}).with(IsolatedOptions{.deadline = 100ms}).as(kind);
  }
};
BULKHEAD_EVERY_PLACEMENT(ShortDefaultTest);

TEST_P(ShortDefaultTest, ACallThatEndsAfterTheDefaultIsExceeded) {
  expectExceeded(subject().late(kGoesOnMs), "Probe.late");
}

}  // namespace
}  // namespace bulkhead::conformance
