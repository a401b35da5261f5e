#include "host/isolated/process.h"

#include "tests/unit/isolated/launch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

namespace bulkhead::isolated {
namespace {

class ProcessTest : public ::testing::Test {
 protected:
  Process launch(const std::string& script) { return spawner_->launch(Launch::shell(script).spec).value(); }
  std::unique_ptr<Spawner> spawner_ = Spawner::start().value();
};

void waitReadable(const Process& process) {
  pollfd entry{process.native(), POLLIN, 0};
  ASSERT_EQ(::poll(&entry, 1, 60'000), 1);
}

TEST_F(ProcessTest, ReportsStatusAndUsage) {
  auto process = launch("exit 42");
  const auto status = process.waitUntil(0);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->how, ExitHow::exited);
  EXPECT_EQ(status->status, 42);
  EXPECT_TRUE(status->usage.known);
  EXPECT_GT(status->usage.maxResidentBytes, 0U);
  EXPECT_EQ(process.reap()->status, 42);  // again and again
}

TEST_F(ProcessTest, ReportsTheSignal) {
  auto process = launch("kill -ABRT $$");
  const auto status = process.waitUntil(inSeconds(60));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->how, ExitHow::signalled);
  EXPECT_EQ(status->signal, SIGABRT);
}

TEST_F(ProcessTest, IsNotReapedWhileItRuns) {
  auto process = launch("exec sleep 1000");
  EXPECT_FALSE(process.reap());
  EXPECT_FALSE(process.waitUntil(nowNs() + 5'000'000));
}

TEST_F(ProcessTest, KillWorksOnRunningStoppedAndDeadOnes) {
  auto process = launch("kill -STOP $$; exec sleep 1000");
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED | WNOWAIT), 0);
  process.kill();
  process.kill();
  const auto status = process.waitUntil(inSeconds(60));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->signal, SIGKILL);
  process.kill();
}

TEST_F(ProcessTest, BecomesReadableAtItsEnd) {
  auto process = launch("exec sleep 1000");
  pollfd entry{process.native(), POLLIN, 0};
  EXPECT_EQ(::poll(&entry, 1, 0), 0);
  process.kill();
  waitReadable(process);
  EXPECT_TRUE(process.reap());
}

TEST_F(ProcessTest, DestructionLeavesNoProcessAndNoZombie) {
  const pid_t pid = launch("exec sleep 1000").pid();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(ProcessTest, AssignmentEndsTheOldProcess) {
  auto process = launch("exec sleep 1000");
  const pid_t old = process.pid();
  process = launch("exit 5");
  EXPECT_EQ(::kill(old, 0), -1);
  EXPECT_EQ(process.waitUntil(inSeconds(60))->status, 5);
}

// How a death reads when the status was taken by somebody else: the truth where the kernel keeps it, else no guess.
void expectStatusOrReapedElsewhere(const std::optional<ExitStatus>& status, int expected) {
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->usage.known);
  if (status->how == ExitHow::reapedElsewhere) return;
  EXPECT_EQ(status->how, ExitHow::exited);
  EXPECT_EQ(status->status, expected);
}

TEST(ProcessOfAnyHost, Threat25HostIgnoresSigchld) {
  inChild([] {
    ::signal(SIGCHLD, SIG_IGN);
    const auto spawner = Spawner::start().value();
    auto process = spawner->launch(Launch::shell("exit 7").spec).value();
    expectStatusOrReapedElsewhere(process.waitUntil(inSeconds(60)), 7);
    auto killed = spawner->launch(Launch::shell("exec sleep 1000").spec).value();
    killed.kill();
    const auto status = killed.waitUntil(inSeconds(60));
    ASSERT_TRUE(status);
    if (status->how != ExitHow::reapedElsewhere) {
      EXPECT_EQ(status->signal, SIGKILL);
    }
  });
}

TEST(ProcessOfAnyHost, Threat25AnotherPartOfTheHostReapsEverything) {
  inChild([] {
    const auto spawner = Spawner::start().value();
    auto process = spawner->launch(Launch::shell("exit 9").spec).value();
    int status = 0;
    ASSERT_EQ(::waitpid(-1, &status, 0), process.pid());
    expectStatusOrReapedElsewhere(process.waitUntil(inSeconds(60)), 9);
  });
}

TEST(ProcessOfAnyHost, Threat25OtherChildrenAreLeftAlone) {
  inChild([] {
    const pid_t other = ::fork();
    if (other == 0) ::_exit(11);
    const auto spawner = Spawner::start().value();
    auto process = spawner->launch(Launch::shell("exit 9").spec).value();
    EXPECT_EQ(process.waitUntil(inSeconds(60))->status, 9);
    int status = 0;
    ASSERT_EQ(::waitpid(other, &status, 0), other);
    EXPECT_EQ(WEXITSTATUS(status), 11);
  });
}

TEST(ProcessOfAnyHost, FailedExecSendsNoSigchld) {
  inChild([] {
    static volatile sig_atomic_t signals = 0;
    ::signal(SIGCHLD, [](int) { signals = signals + 1; });
    Launch launch("/bin/true", {"true"});
    launch.spec.descriptors = {999'999};
    const auto spawner = Spawner::start().value();
    EXPECT_FALSE(spawner->launch(launch.spec));
    EXPECT_EQ(signals, 0);
  });
}

}  // namespace
}  // namespace bulkhead::isolated
