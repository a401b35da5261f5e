// Many callers at once, what each thread keeps, and calls that go back and forth. (I1, S5)
#include "counter.host.h"
#include "tests/conformance/gate.h"
#include "tests/conformance/modules.h"

#include <bulkhead/contract_host.h>

#include <atomic>
#include <thread>

namespace bulkhead::conformance {
namespace {

class ThreadsTest : public testing::EveryPlacement<probe::host::Probe, counter::host::Counter> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("probe"); }
  Imports imports() override { return host_; }

  const counter::host::Counter& counter() const { return subject<counter::host::Counter>(); }
  static void onThreads(int count, const std::function<void(int)>& run) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(run, i);
    for (std::thread& thread : threads) thread.join();
  }

  ProbeImports host_;
};
BULKHEAD_EVERY_PLACEMENT(ThreadsTest);

// All of them are inside the module together: each waits in an import until the last one has come.
TEST_P(ThreadsTest, SixtyFourThreadsAreInsideAtOnce) {
  constexpr std::size_t kThreads = 64;
  Gate gate;
  host_.on("meet", [&]() -> Result<std::string> {
    gate.meet(kThreads);
    return std::string("met");
  });
  std::atomic<int> met{0};
  onThreads(kThreads, [&](int) {
    if (subject().act("meet").valueOr("") == "met") ++met;
  });
  EXPECT_EQ(met, 64);
}

TEST_P(ThreadsTest, ManyThreadsGetTheirOwnAnswers) {
  std::atomic<int> wrong{0};
  onThreads(16, [&](int thread) {
    for (int i = 0; i < 500; ++i) {
      if (subject().add(thread * 1000, i).valueOr(-1) != thread * 1000 + i) ++wrong;
      if (i % 50 == 0 && subject().act(std::to_string(thread)).valueOr("") != "host: " + std::to_string(thread))
        ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(ThreadsTest, AThreadKeepsItsThreadLocalState) {
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(subject().threadCalls().value(), i);
  std::atomic<int> wrong{0};
  onThreads(8, [&](int) {
    for (std::uint32_t i = 0; i < 20; ++i) {
      if (subject().threadCalls().valueOr(1000) != i) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(subject().threadCalls().value(), 5u);
}

TEST_P(ThreadsTest, AFreshThreadStartsWithFreshThreadLocals) {
  for (int i = 0; i < 100; ++i) {
    onThreads(1, [&](int) { EXPECT_EQ(subject().threadCalls().valueOr(999), 0u); });
  }
}

TEST_P(ThreadsTest, InterfacesOfAModuleShareTheThread) {
  EXPECT_EQ(subject().threadCalls().value(), 0u);
  EXPECT_EQ(counter().ofThread().value(), 1u);
  EXPECT_EQ(subject().threadCalls().value(), 2u);
}

TEST_P(ThreadsTest, ImportsRunOnTheCallingThread) {
  const auto self = std::this_thread::get_id();
  std::thread::id seen;
  host_.on("who", [&]() -> Result<std::string> {
    seen = std::this_thread::get_id();
    return std::string();
  });
  ASSERT_TRUE(subject().act("who"));
  EXPECT_EQ(seen, self);
}

TEST_P(ThreadsTest, NestedCallsStayOnTheModulesThread) {
  std::vector<std::uint32_t> counts;
  host_.on("count", [&]() -> Result<std::string> {
    counts.push_back(subject().threadCalls().value());
    return std::string();
  });
  counts.push_back(subject().threadCalls().value());
  ASSERT_TRUE(subject().act("count"));
  counts.push_back(subject().threadCalls().value());
  EXPECT_EQ(counts, (std::vector<std::uint32_t>{0, 1, 2}));
}

// ---- nesting

TEST_P(ThreadsTest, HostAndModuleCallEachOtherDeeply) {
  host_.onRecurse = [this](std::uint32_t depth) { return subject().recurse(depth); };
  for (const std::uint32_t depth : {0u, 1u, 2u, 32u, detail::kMaxImportDepth}) {
    const auto reached = subject().recurse(depth);
    ASSERT_TRUE(reached) << depth << ": " << reached.error().message();
    EXPECT_EQ(*reached, depth);
  }
}

TEST_P(ThreadsTest, NestingHasATypedEnd) {
  std::uint32_t imports = 0;
  std::uint32_t deepestError = 0;
  host_.on("dive", [&]() -> Result<std::string> {
    ++imports;
    const auto seen = subject().describeActError("dive");  // fails in the module where it cannot go deeper
    if (seen) deepestError = seen->kind;
    return std::string("bottom");
  });
  EXPECT_TRUE(subject().act("dive"));
  EXPECT_EQ(imports, detail::kMaxImportDepth);
  EXPECT_EQ(deepestError, static_cast<std::uint32_t>(ErrorKind::nestingTooDeep));
  EXPECT_EQ(subject().add(1, 2).value(), 3);
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(ThreadsTest, EveryThreadHasItsOwnDepth) {
  host_.onRecurse = [this](std::uint32_t depth) { return subject().recurse(depth); };
  std::atomic<int> wrong{0};
  onThreads(8, [&](int) {
    for (int i = 0; i < 10; ++i) {
      if (subject().recurse(detail::kMaxImportDepth).valueOr(0) != detail::kMaxImportDepth) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

// ---- threads of the module

TEST_P(ThreadsTest, ThreadsOfTheModuleCallTheHost) {
  std::atomic<int> acts{0};
  host_.on("count", [&]() -> Result<std::string> {
    ++acts;
    return std::string("counted");
  });
  const auto sum = subject().callFromThreads(4, 50, "count").value();
  EXPECT_EQ(sum.answered, 200u) << sum.firstText;
  EXPECT_EQ(sum.overloaded + sum.failed, 0u) << sum.firstText;
  EXPECT_EQ(acts, 200);
}

TEST_P(ThreadsTest, ErrorsReachThreadsOfTheModule) {
  host_.on("fail", []() -> Result<std::string> { return Error("not for you"); });
  const auto sum = subject().callFromThreads(2, 3, "fail").value();
  EXPECT_EQ(sum.failed, 6u);
  EXPECT_EQ(sum.firstText, "not for you");
}

// More threads than the host serves at once: each call is answered or overloaded, and nobody waits for ever.
TEST_P(ThreadsTest, TooManyThreadsOfTheModuleAreAnsweredOrOverloaded) {
  Gate gate;
  host_.on("crowd", [&]() -> Result<std::string> {
    gate.meet(4);
    return std::string("in");
  });
  const auto sum = subject().callFromThreads(64, 1, "crowd").value();
  EXPECT_EQ(sum.answered + sum.overloaded, 64u) << sum.firstText;
  EXPECT_EQ(sum.failed, 0u) << sum.firstText;
  EXPECT_GE(sum.answered, 4u);
  EXPECT_EQ(subject().callFromThreads(1, 1, "calm").value().answered, 1u);
}

// The host calls back into the module from an import that a module's thread made, while the first call is under way.
TEST_P(ThreadsTest, ImportsOfModuleThreadsMayCallTheModule) {
  host_.on("again", [this]() -> Result<std::string> { return std::to_string(subject().add(20, 22).value()); });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(subject().actInThread("again").value(), "42");
}

TEST_P(ThreadsTest, CallsAndImportsOfManyThreadsMix) {
  std::atomic<std::uint32_t> missing{0};
  onThreads(4, [&](int) {
    for (int i = 0; i < 5; ++i) {
      const auto sum = subject().callFromThreads(2, 10, "x");
      if (!sum || sum->answered + sum->overloaded != 20) ++missing;
    }
  });
  EXPECT_EQ(missing, 0u);
}

}  // namespace
}  // namespace bulkhead::conformance
