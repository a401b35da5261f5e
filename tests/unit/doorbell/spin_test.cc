#include "shared/doorbell/spin.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace bulkhead::doorbell {
namespace {

int looksUntilItGivesUp(SpinPolicy& policy) {
  int looks = 0;
  EXPECT_FALSE(policy.spin([&] { return ++looks < 0; }));
  return looks;
}

TEST(Spin, ReturnsAtOnceWhenReady) {
  SpinPolicy policy;
  const auto before = policy.budget();
  EXPECT_TRUE(policy.spin([] { return true; }));
  EXPECT_EQ(policy.budget(), before);
}

TEST(Spin, BudgetFollowsSuccess) {
  if (usableCpus() == 1) return;  // never spins then
  SpinPolicy policy;
  for (int i = 0; i < 20; ++i) EXPECT_GT(looksUntilItGivesUp(policy), 1);
  EXPECT_EQ(policy.budget(), SpinPolicy::kShortest);
}

TEST(Spin, ProbesNowAndThenForAPeerThatBecameQuick) {
  if (usableCpus() == 1) return;
  SpinPolicy policy;
  while (policy.budget() != SpinPolicy::kShortest) looksUntilItGivesUp(policy);
  const int glances = looksUntilItGivesUp(policy);
  // Ready just after the glances: seen by nothing but a probe.
  std::uint32_t waits = 0;
  for (bool seen = false; !seen && waits <= SpinPolicy::kProbeInterval; ++waits) {
    int looks = 0;
    seen = policy.spin([&] { return ++looks > glances + 1; });
  }
  EXPECT_GT(waits, 1U);
  EXPECT_LE(waits, SpinPolicy::kProbeInterval);
  EXPECT_EQ(policy.budget(), SpinPolicy::kLongest);
}

TEST(Spin, NeverMoreSpinnersThanCpus) {
  std::vector<bool> entered;
  for (int i = 0; i < usableCpus() + 2; ++i) entered.push_back(internal::enterSpin());
  EXPECT_FALSE(entered.back());
  SpinPolicy policy;
  const int crowded = looksUntilItGivesUp(policy);
  EXPECT_EQ(policy.budget(), SpinPolicy::kLongest);  // it did not spin, so it learned nothing
  for (const bool in : entered) {
    if (in) internal::leaveSpin();
  }
  if (usableCpus() > 1) {
    EXPECT_GT(looksUntilItGivesUp(policy), crowded);
  }
}

}  // namespace
}  // namespace bulkhead::doorbell
