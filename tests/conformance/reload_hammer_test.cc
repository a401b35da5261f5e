// Reloads under callers that never stop: no call fails, and nothing of the old versions is left. (R1)
#include "counter.host.h"
#include "tests/conformance/callers.h"
#include "tests/conformance/loaded.h"
#include "tests/conformance/modules.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace bulkhead::conformance {
namespace {

using counter::host::Counter;

#ifdef IS_SANITIZED
constexpr int kInProcess = 100, kIsolated = 10;
#else
constexpr int kInProcess = 500, kIsolated = 30;
#endif

class ReloadHammerTest : public testing::EveryPlacement<Counter> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("counter"); }

  // BULKHEAD_RELOADS sets how many, of those in this process.
  int reloads() const {
    if (kind() == Placement::Kind::isolated) return kIsolated;
    const char* const wanted = std::getenv("BULKHEAD_RELOADS");
    return wanted == nullptr ? kInProcess : std::atoi(wanted);
  }
};
BULKHEAD_EVERY_PLACEMENT(ReloadHammerTest);

TEST_P(ReloadHammerTest, NoCallFailsWhileVersionsComeAndGo) {
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> answered{0}, failed{0};
  Callers callers(done);
  for (int i = 0; i < 2; ++i) {
    callers.threads.emplace_back([&] {
      const Counter handle = subject();
      const std::byte data[4] = {};
      while (!done) {
        const auto version = handle.version();
        const bool isRight = version && (*version == "1" || *version == "2") && handle.next() && handle.checksum(data);
        ++(isRight ? answered : failed);
      }
    });
  }
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < reloads(); ++i) {
    const std::string name = i % 2 == 0 ? "counter" : "counter_2";
    const Traces before(module(), name);
    const auto outcome = module().reload(conformance::modulePath(i % 2 == 0 ? "counter_2" : "counter"));
    ASSERT_TRUE(outcome) << outcome.error().message();
    ASSERT_EQ(outcome->old, OldVersion::unloaded) << outcome->why->message();
    ASSERT_TRUE(before.areGone());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  callers.join();
  std::printf("%d reloads in %.1f s under %llu calls\n", reloads(), took.count(),
              static_cast<unsigned long long>(answered.load()) * 3);
  EXPECT_EQ(failed, 0u);
  EXPECT_GT(answered, 0u);
  EXPECT_EQ(module().generation(), static_cast<std::uint64_t>(reloads()) + 1);
  EXPECT_TRUE(module().parked().empty());
}

}  // namespace
}  // namespace bulkhead::conformance
