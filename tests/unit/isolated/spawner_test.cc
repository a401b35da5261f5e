#include "host/isolated/spawner.h"

#include "tests/unit/isolated/launch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace bulkhead::isolated {
namespace {

std::ptrdiff_t openDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

// The output of a program that runs to its end.
std::string outputOf(Launch launch) {
  Pipe pipe;
  launch.spec.descriptors[1] = pipe.write.get();
  const auto spawner = Spawner::start().value();
  auto process = spawner->launch(launch.spec).value();
  std::string output = pipe.drain();
  EXPECT_EQ(process.waitUntil(inSeconds(60))->status, 0);
  return output;
}

TEST(Spawner, LaunchesAProgram) {
  const auto spawner = Spawner::start().value();
  auto process = spawner->launch(Launch("/bin/true", {"true"}).spec).value();
  EXPECT_GT(process.pid(), 0);
  const auto status = process.waitUntil(inSeconds(60));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->how, ExitHow::exited);
  EXPECT_EQ(status->status, 0);
}

TEST(Spawner, PassesArgumentsAndExactlyTheEnvironment) {
  Launch launch = Launch::shell("echo $0 $1; /usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= | sort");
  launch.spec.arguments.insert(launch.spec.arguments.end(), {"zero", "one"});
  launch.spec.environment = {"TZ=UTC", "LC_ALL=C"};
  EXPECT_EQ(outputOf(std::move(launch)), "zero one\nLC_ALL=C\nTZ=UTC\n");
}

// Threat 16: nothing of the host's leaks in, not even descriptors without close-on-exec.
TEST(Spawner, Threat16ProcessHasExactlyTheGivenDescriptors) {
  const posix::UniqueFd leaky(::open("/dev/null", O_RDONLY));
  Pipe extra;
  Launch launch("/bin/ls", {"ls", "/proc/self/fd"});
  launch.spec.descriptors.push_back(extra.read.get());
  // 4 is the directory that ls itself opened.
  EXPECT_EQ(outputOf(std::move(launch)), "0\n1\n2\n3\n4\n");
}

TEST(Spawner, DescriptorsMayBeGivenInAnyOrder) {
  Pipe pipe;
  Launch launch = Launch::shell("echo swapped >&0");
  launch.spec.descriptors = {pipe.write.get(), 0, 2};
  const auto spawner = Spawner::start().value();
  auto process = spawner->launch(launch.spec).value();
  EXPECT_EQ(pipe.drain(), "swapped\n");
  EXPECT_EQ(process.waitUntil(inSeconds(60))->status, 0);
}

TEST(Spawner, ExecFailureIsAnErrorThatNamesTheProgram) {
  const std::string path = ::testing::TempDir() + "bulkhead_not_a_program." + std::to_string(::getpid());
  std::ofstream(path) << "nonsense";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  const auto before = openDescriptors();
  {
    const auto spawner = Spawner::start().value();
    const auto process = spawner->launch(Launch(path, {"x"}).spec);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().kind(), ErrorKind::workerStartFailed);
    EXPECT_NE(process.error().text().find(path), std::string::npos);
    EXPECT_NE(process.error().text().find("execve: Exec format error"), std::string::npos) << process.error().text();
    // The spawner serves on.
    EXPECT_TRUE(spawner->launch(Launch("/bin/true", {"true"}).spec));
  }
  EXPECT_EQ(openDescriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
  ::unlink(path.c_str());
}

TEST(Spawner, BadDescriptorIsAnErrorThatNamesTheStep) {
  Launch launch("/bin/true", {"true"});
  launch.spec.descriptors = {0, 999'999};
  const auto spawner = Spawner::start().value();
  const auto process = spawner->launch(launch.spec);
  ASSERT_FALSE(process);
  EXPECT_NE(process.error().text().find("descriptors: Bad file descriptor"), std::string::npos);
}

TEST(Spawner, SetsLimitsAndNoNewPrivileges) {
  Launch launch = Launch::shell("ulimit -n; ulimit -c; grep NoNewPrivs /proc/self/status");
  launch.spec.limits = {{RLIMIT_NOFILE, {17, 17}}, {RLIMIT_CORE, {0, 0}}};
  EXPECT_EQ(outputOf(std::move(launch)), "17\n0\nNoNewPrivs:\t1\n");
}

TEST(Spawner, SignalsStartAtTheirDefaultsAndUnblocked) {
  inChild([] {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGUSR1, SIG_IGN);
    sigset_t set;
    ::sigfillset(&set);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    EXPECT_EQ(outputOf(Launch("/bin/grep", {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"})),
              "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  });
}

TEST(Spawner, ServesManyThreadsAtOnce) {
  const auto spawner = Spawner::start().value();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 10; ++turn) {
        auto process = spawner->launch(Launch::shell("exit 3").spec).value();
        EXPECT_EQ(process.waitUntil(inSeconds(60))->status, 3);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

// Threat 28: nothing between clone and exec touches what is shared (under TSan, libc's clone dies of this).
TEST(Spawner, Threat28ManySpawnsLeaveNothingBehind) {
  const auto spawner = Spawner::start().value();
  const Launch launch("/bin/true", {"true"});
  const auto before = openDescriptors();
  for (int i = 0; i < 500; ++i) {
    auto process = spawner->launch(launch.spec).value();
    ASSERT_TRUE(process.waitUntil(inSeconds(60)));
  }
  EXPECT_EQ(openDescriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
}

// Threat 26: its end is that of the spawner's thread, and so that of the host.
TEST(Spawner, Threat26ProcessDiesWithTheSpawner) {
  auto spawner = Spawner::start().value();
  auto process = spawner->launch(Launch("/bin/sleep", {"sleep", "1000"}).spec).value();
  EXPECT_FALSE(process.reap());
  spawner.reset();
  const auto status = process.waitUntil(inSeconds(60));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->signal, SIGKILL);
}

TEST(Spawner, Threat26ProcessDiesWithAHostThatIsKilled) {
  Pipe pipe;  // held by the grandchild alone at the end
  const pid_t host = ::fork();
  ASSERT_GE(host, 0);
  if (host == 0) {
    Launch launch = Launch::shell("echo up; exec sleep 1000");
    launch.spec.descriptors[1] = pipe.write.get();
    const auto spawner = Spawner::start().value();
    const auto process = spawner->launch(launch.spec);
    if (!process) ::_exit(1);
    while (true) ::pause();
  }
  pipe.write.reset();
  char up[3];
  ASSERT_EQ(::read(pipe.read.get(), up, 3), 3);
  ::kill(host, SIGKILL);
  ASSERT_EQ(::waitpid(host, nullptr, 0), host);
  EXPECT_EQ(pipe.drain(), "");  // ends only when the grandchild is gone
}

}  // namespace
}  // namespace bulkhead::isolated
