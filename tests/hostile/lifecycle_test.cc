// Workers in hosts of every kind: those that ignore or reap children, fork, or are killed themselves (S1, S3).
#include "tests/hostile/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace bulkhead::hostile {
namespace {

class Lifecycle : public HostileTest {
 protected:
  // One death by deadline and one by itself, each followed by a call that works.
  void killAndRecover() {
    auto module = load({});
    const auto faults = handleOf(module);
    const auto hung = faults.within(100ms).misbehave(Fault::busyLoop);
    ASSERT_FALSE(hung);
    EXPECT_EQ(hung.error().kind(), ErrorKind::deadlineExceeded);
    expectServes(faults);
    const auto died = faults.within(kLong).misbehave(Fault::exitThree);
    ASSERT_FALSE(died);
    EXPECT_EQ(died.error().kind(), ErrorKind::moduleDied);
    expectServes(faults);
    EXPECT_TRUE(module.unload());
    for (const auto& report : heard_.exits(3)) {
      if (report.how == ExitHow::reapedElsewhere) continue;  // the truth, or nothing; never a guess
      EXPECT_TRUE(report.how == ExitHow::signalled ? report.signal == SIGKILL
                                                   : report.status == 3 || report.status == 0)
          << report.describe();
    }
    EXPECT_EQ(heard_.exits(3).size(), 3u);
  }
};

TEST_F(Lifecycle, Threat25HostThatIgnoresSigchld) {
  ::signal(SIGCHLD, SIG_IGN);
  killAndRecover();
  ::signal(SIGCHLD, SIG_DFL);
}

TEST_F(Lifecycle, Threat25HostWithAReaperOfEverything) {
  std::atomic<bool> done{false};
  std::thread reaper([&] {
    while (!done) {
      if (::waitpid(-1, nullptr, WNOHANG) <= 0) std::this_thread::yield();
    }
  });
  killAndRecover();
  done = true;
  reaper.join();
}

TEST_F(Lifecycle, Threat25OtherChildrenAreLeftAlone) {
  const pid_t child = ::fork();  // before any host
  if (child == 0) ::_exit(11);
  killAndRecover();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 11);
}

// ---- a host that forks

std::vector<std::string> openDescriptors() {
  std::vector<std::string> targets;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(folder)) {
    char target[256];
    const ssize_t size = ::readlinkat(::dirfd(folder), entry->d_name, target, sizeof target);
    if (size > 0) targets.emplace_back(target, static_cast<std::size_t>(size));
  }
  ::closedir(folder);
  return targets;
}

// What a forked child may not have.
int descriptorsOfWorkers() {
  int count = 0;
  for (const std::string& target : openDescriptors()) {
    count += target.find("[pidfd]") != target.npos || target.find("memfd:") != target.npos ||
             target.find("socket:") != target.npos;
  }
  return count;
}

std::string sharedMaps() {
  std::ifstream maps("/proc/self/maps");
  std::string found;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/memfd:") != line.npos) found += line + "\n";
  }
  return found;
}

// Runs in the forked child; the number tells the expectation that failed.
int useAsAForkedChild(std::unique_ptr<Host>& host, Module module, const faults::host::Faults& handle,
                      Imports& imports) {
  if (descriptorsOfWorkers() != 0) return 1;
  if (!sharedMaps().empty()) return 2;
  const auto called = handle.ping(1);
  if (called || called.error().kind() != ErrorKind::unavailable) return 3;
  const auto loaded = host->load(FAULTS_MODULE, Placement::isolated(), imports);
  if (loaded || loaded.error().kind() != ErrorKind::unavailable) return 4;
  const auto unloaded = module.unload(10ms);
  if (unloaded || unloaded.error().kind() != ErrorKind::unavailable) return 5;
  { const Module gone = std::move(module); }
  host.reset();
  // A host of its own serves.
  Host fresh;
  auto own = fresh.load(FAULTS_MODULE, Placement::isolated(), imports);
  if (!own) return 6;
  return handleOf(*own).ping(5).value() == 5 ? 0 : 7;
}

TEST_F(Lifecycle, Threat37ForkedChildHoldsNothingAndTheParentIsUnaffected) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's runtime does not start threads in a forked child";
  auto module = load();
  const auto faults = handleOf(module);
  expectServes(faults);
  const auto pid = module.workerPid();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(useAsAForkedChild(host_, std::move(module), faults, imports_));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  expectServes(faults);
  EXPECT_EQ(module.workerPid(), pid);
  EXPECT_EQ(module.generation(), 1u);
}

TEST_F(Lifecycle, Threat37LifelineEndsThoughAForkedChildLivesOn) {
  // The child outlives the host object; the worker must not.
  auto module = load();
  expectServes(handleOf(module));
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(gate[1]);
    char byte = 0;
    ::_exit(::read(gate[0], &byte, 1) == 0 ? 0 : 1);
  }
  EXPECT_TRUE(module.unload());
  ASSERT_EQ(heard_.exits(1).size(), 1u);
  EXPECT_EQ(heard_.exits(1)[0].verdict, ExitVerdict::shutDown);
  ::close(gate[1]);
  ::close(gate[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// ---- a host that is killed

class KilledHosts : public ::testing::TestWithParam<const char*> {};

// The children of a process, by /proc, as long as it is there.
std::vector<int> childrenOf(pid_t parent) {
  std::vector<int> children;
  DIR* const folder = ::opendir("/proc");
  while (const dirent* entry = ::readdir(folder)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto end = line.rfind(')');
    if (end != line.npos && std::atoi(line.c_str() + end + 4) == parent) children.push_back(pid);
  }
  ::closedir(folder);
  return children;
}

TEST_P(KilledHosts, Threat26LeaveNoWorkerAfterASecond) {
  int output[2];
  ASSERT_EQ(::pipe2(output, O_CLOEXEC), 0);
  const pid_t host = ::fork();
  ASSERT_GE(host, 0);
  if (host == 0) {
    ::dup2(output[1], 1);
    ::execl(HOST_PROGRAM, HOST_PROGRAM, GetParam(), nullptr);
    ::_exit(127);
  }
  ::close(output[1]);
  char line[32];
  ASSERT_GT(::read(output[0], line, sizeof line), 0) << "the host did not get to its step";
  const auto children = childrenOf(host);
  ASSERT_FALSE(children.empty());
  std::vector<int> workers;  // their parent lives still, so the numbers mean them
  for (const int pid : children) workers.push_back(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ::kill(host, SIGKILL);
  ASSERT_EQ(::waitpid(host, nullptr, 0), host);
  for (const int worker : workers) {
    ASSERT_GE(worker, 0);
    pollfd end{worker, POLLIN, 0};
    EXPECT_EQ(::poll(&end, 1, kSanitized ? 30'000 : 1'000), 1) << "a worker outlived its host";
    ::close(worker);
  }
  ::close(output[0]);
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, KilledHosts,
                         ::testing::Values("idle", "calling", "looping", "loading", "renounced"),
                         [](const auto& info) { return std::string(info.param); });

// ---- kills from several sides

TEST_F(Lifecycle, Threat23SixtyFourThreadsUnderKills) {
  auto module = load({.deadline = 10s, .maxLanes = 80});
  const auto faults = handleOf(module);
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> answered{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 64; ++i) {
    callers.emplace_back([&, i] {
      while (!done) {
        const auto pong = faults.within(kLong).ping(i);
        if (pong) {
          EXPECT_EQ(*pong, i);
          ++answered;
        } else {
          EXPECT_EQ(pong.error().kind(), ErrorKind::moduleDied) << pong.error().message();
        }
      }
    });
  }
  constexpr Fault kFaults[] = {Fault::exitZero, Fault::segmentation, Fault::kill, Fault::sleep};
  for (std::size_t round = 0; round < 20; ++round) {
    const auto before = answered.load();
    const Fault fault = kFaults[round % 4];
    const auto outcome = fault == Fault::sleep ? faults.misbehaveBriefly(fault) : faults.within(kLong).misbehave(fault);
    EXPECT_FALSE(outcome);
    while (answered == before) std::this_thread::yield();
  }
  done = true;
  for (auto& caller : callers) caller.join();
  expectServes(faults);
}

TEST_F(Lifecycle, Threat23ImportsOfModuleThreadsUnderKills) {
  for (int round = 0; round < 10; ++round) {
    auto module = load({.deadline = 10s});
    const auto faults = handleOf(module);
    const auto before = imports_.spends.load();
    std::thread caller([&] {
      const auto outcome = faults.within(kLong).importFromThreads(6, 1'000, 30);
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleDied);
    });
    // Six imports are being served by the host's pool when the worker dies.
    while (imports_.spends < before + 6) std::this_thread::yield();
    EXPECT_FALSE(faults.within(kLong).misbehave(Fault::exitZero));
    caller.join();
    expectServes(faults);
  }
}

TEST_F(Lifecycle, ImportsOfTooManyThreadsAreOverloadedAndNothingDeadlocks) {
  HostOptions options = hostOptions();
  options.importThreads = 2;
  makeHost(std::move(options));
  auto module = load({.maxImportLanes = 4});
  const auto result = handleOf(module).within(kLong).importFromThreads(8, 10, 20);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->succeeded + result->overloaded, 80u);
  EXPECT_EQ(result->failed, 0u);
  EXPECT_GT(result->overloaded, 0u);
  EXPECT_GT(result->succeeded, 0u);
}

TEST_F(Lifecycle, Threat23KillsRacingTheExit) {
  auto module = load({.deadline = 10s});
  const auto faults = handleOf(module);
  for (int round = 0; round < 50; ++round) {
    // Ends by itself at about the time at which its deadline has it killed.
    ASSERT_TRUE(faults.within(kLong).misbehaveLater(Fault::exitZero));
    const auto outcome = faults.within(std::chrono::milliseconds(18 + round % 8)).misbehave(Fault::sleep);
    ASSERT_FALSE(outcome);
    const ErrorKind kind = outcome.error().kind();
    EXPECT_TRUE(kind == ErrorKind::deadlineExceeded || kind == ErrorKind::moduleDied || kind == ErrorKind::unavailable)
        << outcome.error().message();
    expectServes(faults);
  }
}

TEST_F(Lifecycle, Threat23KilledFromOutsideAndByItsDeadline) {
  auto module = load({.deadline = 10s});
  const auto faults = handleOf(module);
  for (int round = 0; round < 20; ++round) {
    const auto pid = module.workerPid();
    if (!pid) continue;
    std::thread other([&] { ::kill(*pid, SIGKILL); });
    const auto outcome = faults.within(std::chrono::milliseconds(1 + round % 3)).misbehave(Fault::sleep);
    other.join();
    ASSERT_FALSE(outcome);
    expectServes(faults);
  }
}

TEST_F(Lifecycle, Threat19HostHoldsNoLockWhileItCallsOut) {
  auto module = load({.deadline = 10s});
  const auto faults = handleOf(module);
  // From inside an import: calls, other threads' calls, status, another load.
  imports_.onRecurse = [&](std::uint32_t depth) -> Result<std::uint32_t> {
    std::thread other([&] { expectServes(faults); });
    other.join();
    EXPECT_TRUE(module.workerPid());
    EXPECT_TRUE(tryLoad({}, "second"));
    return faults.within(kLong).recurse(depth);
  };
  const auto reached = faults.within(kLong).recurse(3);
  ASSERT_TRUE(reached) << reached.error().message();
  const auto inside = module.unload(10ms);
  EXPECT_TRUE(inside);
}

TEST_F(Lifecycle, Threat18RecursionIsBoundedAndTyped) {
  auto module = load({.deadline = 10s});
  const auto faults = handleOf(module);
  imports_.onRecurse = [&](std::uint32_t depth) { return faults.recurse(depth); };
  EXPECT_TRUE(faults.within(kLong).recurse(32));
  const auto deep = faults.within(kLong).recurse(1'000'000);
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().text().find("64 deep"), std::string::npos) << deep.error().message();
  expectServes(faults);
  EXPECT_EQ(module.generation(), 1u);
}

TEST_F(Lifecycle, UnloadFromInsideACallWouldDeadlock) {
  auto module = load({.deadline = 10s});
  const auto faults = handleOf(module);
  imports_.onRecurse = [&](std::uint32_t) -> Result<std::uint32_t> {
    const auto unloaded = module.unload(10ms);
    EXPECT_TRUE(!unloaded && unloaded.error().kind() == ErrorKind::wouldDeadlock);
    return 0u;
  };
  EXPECT_TRUE(faults.within(kLong).recurse(1));
  expectServes(faults);
}

}  // namespace
}  // namespace bulkhead::hostile
