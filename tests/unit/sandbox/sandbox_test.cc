#include "worker/sandbox/sandbox.h"

#include "worker/sandbox/phases.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <set>

namespace bulkhead::sandbox {
namespace {

// A lock-down cannot be undone: each in a child of its own.
void inChild(const std::function<void()>& body) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child failed: wait status " << status;
}

std::set<int> openDescriptors() {
  std::set<int> open;
  for (int fd = 0; fd < 256; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) open.insert(fd);
  }
  return open;
}

class Sandbox : public ::testing::Test {
 protected:
  Sandbox() {
    EXPECT_EQ(::pipe2(lifeline_, O_CLOEXEC), 0);
    policy_.lifeline = lifeline_[0];
    policy_.descriptors = {lifeline_[0], 2, 1};
  }
  ~Sandbox() override {
    ::close(lifeline_[0]);
    ::close(lifeline_[1]);
  }
  int lifeline_[2] = {-1, -1};
  Policy policy_;
};

TEST_F(Sandbox, ReportsEveryPhaseInOrderAndTheTier) {
  inChild([&] {
    const auto report = lockDown(policy_).value();
    EXPECT_EQ(report.tier, Tier::process);
    ASSERT_EQ(report.steps.size(), phases().size());
    for (std::size_t i = 0; i < report.steps.size(); ++i) {
      EXPECT_EQ(report.steps[i].name, phases()[i].name);
      EXPECT_TRUE(report.steps[i].reached) << report.steps[i].name;
    }
  });
}

TEST_F(Sandbox, Threat16OnlyTheNamedDescriptorsStayOpen) {
  inChild([&] {
    const int leaked = ::dup(1);
    ASSERT_GT(leaked, 2);
    ASSERT_TRUE(lockDown(policy_));
    EXPECT_EQ(openDescriptors(), (std::set<int>{1, 2, lifeline_[0]}));
  });
}

TEST_F(Sandbox, LimitsHoldAndCannotBeRaised) {
  inChild([&] {
    policy_.limits = {std::uint64_t{1} << 30, 4096, 100, 50};
    ASSERT_TRUE(lockDown(policy_));
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_EQ(limit.rlim_max, 4096U);
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(limit.rlim_cur, 100U);
    EXPECT_EQ(limit.rlim_max, 100U);
    ASSERT_EQ(::getrlimit(RLIMIT_CPU, &limit), 0);
    EXPECT_EQ(limit.rlim_max, 50U);
    ASSERT_EQ(::getrlimit(RLIMIT_CORE, &limit), 0);
    EXPECT_EQ(limit.rlim_max, 1U);
  });
}

TEST_F(Sandbox, NoLimitOfOursLeavesTheSystems) {
  inChild([&] {
    rlimit before{};
    rlimit after{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_TRUE(lockDown(policy_));
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(before.rlim_cur, after.rlim_cur);
    EXPECT_EQ(before.rlim_max, after.rlim_max);
  });
}

TEST_F(Sandbox, ALowerHardLimitStays) {
  inChild([&] {
    const rlimit lower{64, 64};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
    policy_.limits.files = 100;
    ASSERT_TRUE(lockDown(policy_));
    rlimit after{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_max, 64U);
  });
}

TEST_F(Sandbox, NoNewPrivilegesAndParentDeathSignalAreSet) {
  inChild([&] {
    ASSERT_TRUE(lockDown(policy_));
    EXPECT_EQ(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    int signal = 0;
    ASSERT_EQ(::prctl(PR_GET_PDEATHSIG, &signal), 0);
    EXPECT_EQ(signal, SIGKILL);
  });
}

TEST_F(Sandbox, Threat26FailsWhenTheHostIsGoneAlready) {
  ::close(lifeline_[1]);
  lifeline_[1] = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  inChild([&] {
    const auto report = lockDown(policy_);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().kind(), ErrorKind::requirementNotMet);
    EXPECT_NE(report.error().text().find("parent-death signal"), std::string::npos);
  });
}

}  // namespace
}  // namespace bulkhead::sandbox
