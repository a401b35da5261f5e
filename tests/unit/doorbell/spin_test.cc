#include "shared/doorbell/spin.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

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
  if (usableCpus() == 1) return;  // the case below holds then
  SpinPolicy policy;
  for (int i = 0; i < 20; ++i) EXPECT_GT(looksUntilItGivesUp(policy), 1);
  EXPECT_EQ(policy.budget(), SpinPolicy::kShortest);
  for (int i = 0; i < 20; ++i) {
    int looks = 0;
    EXPECT_TRUE(policy.spin([&] { return ++looks == 3; }));
  }
  EXPECT_EQ(policy.budget(), SpinPolicy::kLongest);
}

TEST(Spin, NeverMoreSpinnersThanCpus) {
  std::vector<bool> entered;
  for (int i = 0; i < usableCpus() + 2; ++i) entered.push_back(internal::enterSpin());
  EXPECT_FALSE(entered.back());
  SpinPolicy policy;
  EXPECT_EQ(looksUntilItGivesUp(policy), 1);
  for (const bool in : entered) {
    if (in) internal::leaveSpin();
  }
}

// In a child, which keeps the change of affinity to itself.
TEST(Spin, DoesNotSpinOnOneCpu) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned int>(::sched_getcpu()), &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) ::_exit(2);
    SpinPolicy policy;
    const bool counted = internal::recountCpus() == 1;
    ::_exit(counted && looksUntilItGivesUp(policy) == 1 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace bulkhead::doorbell
