// How much time a call has left, as the module is told: over a call's life, nested, and outside of calls. (C10)
#include "tests/conformance/context_fixture.h"

#include <chrono>
#include <thread>

namespace bulkhead::conformance {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;

constexpr auto kDefault = 20s;

class RemainingTest : public ContextFixture {
 protected:
  Placement placement(Placement::Kind kind) const override {
    return Placement::inProcess({.deadline = kDefault}).with(IsolatedOptions{.deadline = kDefault}).as(kind);
  }
  // An import that takes its time.
  void slow(const std::string& name) {
    host_.on(name, [this] {
      const auto start = Clock::now();
      std::this_thread::sleep_for(50ms);  // what is tested is time
      slept_ = Clock::now() - start;
    });
  }

  nanoseconds slept_{};
};
BULKHEAD_EVERY_PLACEMENT(RemainingTest);

TEST_P(RemainingTest, TheCallersLimitShrinksDuringTheCall) {
  slow("slow");
  const auto seen = subject().within(10s).remainingAround("slow").value();
  EXPECT_TRUE(seen.isSet);
  EXPECT_LE(seen.before, nanoseconds(10s).count());
  EXPECT_LE(seen.after, seen.before - slept_.count());
}

// Isolated the module's budget stands still while the host serves an import; in-process there is only the caller's
// limit, which within() sets.
TEST_P(RemainingTest, TheNearerOfBudgetAndLimitIsReported) {
  slow("slow");
  const auto start = Clock::now();
  const auto seen = subject().within(60s).remainingAround("slow").value();
  const nanoseconds whole = Clock::now() - start;
  EXPECT_TRUE(seen.isSet);
  if (kind() == Placement::Kind::isolated) {
    EXPECT_LE(seen.before, nanoseconds(kDefault).count());
    EXPECT_GE(seen.after, seen.before - (whole - slept_).count());
  } else {
    EXPECT_LE(seen.after, seen.before - slept_.count());
  }
}

TEST_P(RemainingTest, ANestedCallHasItsOwnLimit) {
  context::RemainingAnnotatedResult inner{};
  host_.on("nest", [&] { inner = subject().remainingAnnotated().value(); });
  const auto outer = subject().remainingAround("nest").value();
  EXPECT_TRUE(inner.isSet);
  EXPECT_GT(inner.nanoseconds, nanoseconds(kDefault).count());
  EXPECT_LE(inner.nanoseconds, nanoseconds(40s).count());
  EXPECT_TRUE(outer.isSet);
  EXPECT_LE(outer.after, outer.before);  // its own again
}

TEST_P(RemainingTest, ALimitOfTheCallerHoldsForNestedCalls) {
  context::RemainingResult inner{};
  host_.on("nest", [&] { inner = subject().remaining().value(); });
  ASSERT_TRUE(subject().within(5s).act("nest"));
  EXPECT_TRUE(inner.isSet);
  EXPECT_LE(inner.nanoseconds, nanoseconds(5s).count());
}

TEST_P(RemainingTest, AThreadOfTheModuleHasNoDeadline) {
  EXPECT_FALSE(subject().within(10s).lookInThread("").value().isSet);
  EXPECT_FALSE(subject().lookInThread("").value().isSet);
}

TEST_P(RemainingTest, TheConstructorIsInNoCall) {
  const auto seen = subject().inConstructor().value();
  EXPECT_FALSE(seen.isSet);
  EXPECT_FALSE(seen.isCancelled);
}

TEST_P(RemainingTest, AConstructorInsideACallIsInNoCall) {
  std::optional<Module> other;
  host_.on("load", [&] { other = loadOther().value(); });
  ASSERT_TRUE(subject().within(kDefault).act("load"));
  EXPECT_FALSE(other->get<context::host::Context>().value().inConstructor().value().isSet);
  EXPECT_TRUE(other->unload());
}

TEST_P(RemainingTest, EveryThreadHasItsOwnCall) {
  std::vector<std::thread> threads;
  for (int i = 1; i <= 8; ++i) {
    threads.emplace_back([this, i] {
      for (int call = 0; call < 20; ++call) {
        const auto seen = subject().within(std::chrono::seconds(i)).remaining();
        if (seen) {
          EXPECT_LE(seen->nanoseconds, nanoseconds(std::chrono::seconds(i)).count());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Where nothing else is said.
class NoLimitTest : public ContextFixture {};
BULKHEAD_EVERY_PLACEMENT(NoLimitTest);

TEST_P(NoLimitTest, ANestedCallDoesNotSeeTheLimitOfTheCallAroundIt) {
  context::RemainingResult inner{};
  host_.on("nest", [&] { inner = subject().remaining().value(); });
  const auto outer = subject().annotatedAround("nest").value();
  EXPECT_TRUE(outer.isSet);
  // Its own default (isolated) or none (in-process), but not the 40 s of the annotation around it.
  const auto alone = subject().remaining().value();
  EXPECT_EQ(inner.isSet, alone.isSet);
  EXPECT_LE(inner.nanoseconds, nanoseconds(30s).count());
}

}  // namespace
}  // namespace bulkhead::conformance
