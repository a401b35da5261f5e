// A call in the host's own process that hangs past its deadline is reported while it hangs, with its thread's stack.
// (I10) Isolated calls end instead.
#include "tests/diagnostics/fixture.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace bulkhead::diagnostics {
namespace {

using namespace std::chrono_literals;
using traced::host::Traced;

constexpr auto kShort = 60ms;

// The reports that arrive.
class Reports {
 public:
  void add(const StuckCall& report) {
    const std::lock_guard lock(mutex_);
    all_.push_back(report);
    changed_.notify_all();
  }
  // Blocks until there are so many.
  std::vector<StuckCall> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return all_.size() >= count; });
    return all_;
  }
  // Blocks until there is one of each of so many threads.
  std::vector<StuckCall> awaitThreads(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      std::set<int> threads;
      for (const StuckCall& report : all_) threads.insert(report.threadId);
      return threads.size() >= count;
    });
    return all_;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<StuckCall> all_;
};

// A thread that hangs in the module until it is let go.
class HangingThread {
 public:
  using Call = std::function<Result<void>()>;

  explicit HangingThread(Call call, std::function<void()> before = {}, std::function<void()> after = {})
      : thread_([this, call = std::move(call), before = std::move(before), after = std::move(after)] {
          ::pthread_setname_np(::pthread_self(), "hanging-one");
          threadId_ = ::gettid();
          if (before) before();
          outcome_.emplace(call());
          if (after) after();
        }) {}
  HangingThread(const HangingThread&) = delete;
  HangingThread& operator=(const HangingThread&) = delete;
  ~HangingThread() {
    if (thread_.joinable()) thread_.join();
  }

  const Result<void>& outcome() {
    if (thread_.joinable()) thread_.join();
    return *outcome_;
  }
  // After a report.
  int threadId() const { return threadId_; }

 private:
  std::optional<Result<void>> outcome_;
  std::atomic<int> threadId_{0};
  std::thread thread_;
};

int watchdogThreads() {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    std::getline(file, name);
    count += name == "bulkhead-watch" ? 1 : 0;
  }
  return count;
}

class WatchdogTest : public ::testing::Test {
 protected:
  // With the reports going to reports_, unless the options say otherwise.
  void start(const Placement& placement, HostOptions options = {}) {
    if (!options.onStuckCall) options.onStuckCall = [this](const StuckCall& report) { reports_.add(report); };
    host_.emplace(std::move(options));
    auto loaded = host_->load(TRACED_MODULE, placement);
    ASSERT_TRUE(loaded) << loaded.error().message();
    module_.emplace(*std::move(loaded));
    traced_ = module_->get<Traced>().value();
  }
  // A clean end shows that nothing of a report holds the module.
  void stop() {
    if (!module_) return;
    const auto unloaded = module_->unload();
    EXPECT_TRUE(unloaded) << unloaded.error().message();
    module_.reset();
    host_.reset();
  }
  void TearDown() override { stop(); }

  std::uint32_t letGo() { return traced_.letGo().value(); }
  // What holds of every report of a call that hangs in the module.
  void expectStuck(const StuckCall& report, const std::string& method, std::chrono::nanoseconds deadline) {
    EXPECT_EQ(report.module, "traced");
    EXPECT_EQ(report.generation, module_->generation());
    EXPECT_EQ(report.method, method);
    EXPECT_EQ(report.deadline, deadline);
    EXPECT_GE(report.runningFor, report.deadline);
    EXPECT_EQ(report.threadName, "hanging-one");
    EXPECT_EQ(report.noStack, "");
    expectInModule(report.stack, "Gate::stayHere", 0, TRACED_MODULE);
    expectInModule(report.stack, "Module::hang", 0, TRACED_MODULE);
  }

  Reports reports_;
  std::optional<Host> host_;
  std::optional<Module> module_;
  Traced traced_;
};

TEST_F(WatchdogTest, ACallPastItsDefaultDeadlineIsReportedWhileItHangs) {
  start(Placement::inProcess({.deadline = kShort}));
  HangingThread thread([&] { return traced_.hang(); });
  const StuckCall report = reports_.await(1).front();
  expectStuck(report, "Traced.hang", kShort);
  EXPECT_EQ(report.threadId, thread.threadId());
  EXPECT_EQ(report.report, 1u);
  const std::uint32_t line = letGo();
  expectInModule(report.stack, "Gate::stayHere", line, TRACED_MODULE);
  EXPECT_EQ(thread.outcome().error().kind(), ErrorKind::deadlineExceeded);

  const std::string text = report.describe();
  EXPECT_THAT(text, ::testing::StartsWith("traced generation 1: Traced.hang hangs in thread " +
                                          std::to_string(report.threadId) + " (hanging-one) for "));
  EXPECT_THAT(text, ::testing::HasSubstr(" ms, its deadline was 60 ms\n#0 "));
  EXPECT_THAT(text, ::testing::HasSubstr("traced.cc:" + std::to_string(line) + " (traced.so+0x"));
}

TEST_F(WatchdogTest, ACallPastTheDeadlineOfItsMethodIsReported) {
  start(Placement::inProcess());
  HangingThread thread([&] { return traced_.hangAnnotated(); });
  expectStuck(reports_.await(1).front(), "Traced.hangAnnotated", 60ms);
  letGo();
  EXPECT_EQ(thread.outcome().error().kind(), ErrorKind::deadlineExceeded);
}

TEST_F(WatchdogTest, ACallPastTheLimitOfItsCallerIsReported) {
  start(Placement::inProcess({.deadline = 40s}));
  HangingThread thread([&] { return traced_.within(kShort).hang(); });
  const StuckCall report = reports_.await(1).front();
  EXPECT_LE(report.deadline, kShort);
  EXPECT_EQ(report.method, "Traced.hang");
  expectInModule(report.stack, "Gate::stayHere", letGo(), TRACED_MODULE);
  EXPECT_EQ(thread.outcome().error().kind(), ErrorKind::deadlineExceeded);
}

TEST_F(WatchdogTest, AnEarlierDeadlineOfALaterCallIsNotMissed) {
  start(Placement::inProcess());
  HangingThread patient([&] { return traced_.within(100s).hang(); });
  while (traced_.hanging().value() == 0) std::this_thread::yield();
  HangingThread thread([&] { return traced_.within(kShort).hang(); });
  EXPECT_LE(reports_.await(1).front().deadline, kShort);
  letGo();
  EXPECT_TRUE(patient.outcome());
  EXPECT_FALSE(thread.outcome());
}

TEST_F(WatchdogTest, ACallThatGoesOnHangingIsReportedAgainAtTwiceItsAge) {
  start(Placement::inProcess({.deadline = kShort}));
  HangingThread thread([&] { return traced_.hang(); });
  const auto reports = reports_.await(3);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(reports[i].report, i + 1);
  EXPECT_GE(reports[1].runningFor, 2 * kShort);
  EXPECT_GE(reports[2].runningFor, 4 * kShort);
  letGo();
}

TEST_F(WatchdogTest, ManyThreadsAreReportedEachWithItsOwnStack) {
  constexpr std::size_t kThreads = 16;
  start(Placement::inProcess({.deadline = kShort}));
  std::vector<std::unique_ptr<HangingThread>> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.push_back(std::make_unique<HangingThread>([&] { return traced_.hang(); }));
  }
  for (const StuckCall& report : reports_.awaitThreads(kThreads)) expectStuck(report, "Traced.hang", kShort);
  letGo();
  for (auto& thread : threads) EXPECT_EQ(thread->outcome().error().kind(), ErrorKind::deadlineExceeded);
}

TEST_F(WatchdogTest, ACallThatComesBackInTimeIsNotReported) {
  start(Placement::inProcess({.deadline = 100s}));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(traced_.hanging());
  HangingThread thread([&] { return traced_.within(kShort).hang(); });
  EXPECT_EQ(reports_.await(1).front().method, "Traced.hang");
  letGo();
}

TEST_F(WatchdogTest, AThreadThatBlocksTheSignalIsReportedWithoutAStack) {
  start(Placement::inProcess({.deadline = kShort}));
  sigset_t all;
  ::sigfillset(&all);
  const auto set = [&](int how) { return [&all, how] { ::pthread_sigmask(how, &all, nullptr); }; };
  HangingThread thread([&] { return traced_.hang(); }, set(SIG_BLOCK), set(SIG_UNBLOCK));
  const auto reports = reports_.await(2);
  for (const StuckCall& report : reports) {
    EXPECT_TRUE(report.stack.empty());
    EXPECT_THAT(report.noStack, ::testing::HasSubstr("did not take signal"));
    EXPECT_EQ(report.threadId, thread.threadId());
    EXPECT_THAT(report.describe(), ::testing::HasSubstr("; no stack: the thread did not take signal"));
  }
  letGo();
  EXPECT_EQ(thread.outcome().error().kind(), ErrorKind::deadlineExceeded);  // and what waited was harmless
}

// By default a real-time signal ends the process.
TEST_F(WatchdogTest, ASignalThatStillWaitsWhenTheHostIsGoneIsHarmless) {
  start(Placement::inProcess({.deadline = kShort}));
  sigset_t all;
  ::sigfillset(&all);
  std::mutex mutex;
  std::condition_variable changed;
  bool isOver = false;
  bool hasReturned = false;
  std::thread thread([&] {
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    EXPECT_FALSE(traced_.hang());
    std::unique_lock lock(mutex);
    hasReturned = true;
    changed.notify_all();
    changed.wait(lock, [&] { return isOver; });
    ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
  });
  EXPECT_TRUE(reports_.await(1).front().stack.empty());
  letGo();
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return hasReturned; });
  stop();
  isOver = true;
  changed.notify_all();
  lock.unlock();
  thread.join();
}

TEST_F(WatchdogTest, NobodyWatchesUnlessToldTo) {
  {
    Host host;
    auto module = host.load(TRACED_MODULE, Placement::inProcess({.deadline = 40s})).value();
    ASSERT_TRUE(module.get<Traced>().value().hanging());
    EXPECT_EQ(watchdogThreads(), 0);
  }
  start(Placement::inProcess());
  ASSERT_TRUE(traced_.hanging());
  EXPECT_EQ(watchdogThreads(), 0) << "no call had a deadline";
  ASSERT_TRUE(traced_.within(40s).hanging());
  EXPECT_EQ(watchdogThreads(), 1);
  stop();
  while (watchdogThreads() != 0) std::this_thread::yield();  // it was joined; the kernel may need a moment more
}

int handledSignals = 0;
void handleSignal(int) { ++handledSignals; }

// Restores what was there.
class Handling {
 public:
  explicit Handling(int number) : number_(number) {
    struct sigaction action {};
    action.sa_handler = &handleSignal;
    ::sigaction(number, &action, &before_);
  }
  Handling(const Handling&) = delete;
  Handling& operator=(const Handling&) = delete;
  ~Handling() { ::sigaction(number_, &before_, nullptr); }

 private:
  const int number_;
  struct sigaction before_ {};
};

TEST_F(WatchdogTest, ASignalThatTheProgramHandlesIsLeftToIt) {
  const int number = SIGRTMIN + 5;
  const Handling handling(number);
  HostOptions options;
  options.stackSignal = number;
  start(Placement::inProcess({.deadline = kShort}), options);
  HangingThread thread([&] { return traced_.hang(); });
  const StuckCall report = reports_.await(1).front();
  EXPECT_TRUE(report.stack.empty());
  EXPECT_THAT(report.noStack, ::testing::HasSubstr("handles signal " + std::to_string(number) + " itself"));
  letGo();
  stop();
  handledSignals = 0;
  ASSERT_EQ(::raise(number), 0);
  EXPECT_EQ(handledSignals, 1);
}

TEST_F(WatchdogTest, ASignalThatTheProgramTakesLaterIsLeftToIt) {
  const int number = SIGRTMIN + 6;
  HostOptions options;
  options.stackSignal = number;
  start(Placement::inProcess({.deadline = kShort}), options);
  HangingThread thread([&] { return traced_.hang(); });
  EXPECT_FALSE(reports_.await(1).front().stack.empty());
  {
    const Handling handling(number);
    const auto reports = reports_.await(reports_.count() + 2);
    EXPECT_TRUE(reports.back().stack.empty());
    EXPECT_THAT(reports.back().noStack, ::testing::HasSubstr("by now"));
    letGo();
    stop();
    handledSignals = 0;
    ASSERT_EQ(::raise(number), 0);
    EXPECT_EQ(handledSignals, 1);
  }
}

TEST_F(WatchdogTest, TheSignalIsGivenBack) {
  const int number = SIGRTMIN + 7;
  HostOptions options;
  options.stackSignal = number;
  start(Placement::inProcess({.deadline = kShort}), options);
  struct sigaction now {};
  ASSERT_EQ(::sigaction(number, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_DFL) << "not before it is needed";
  {
    HangingThread thread([&] { return traced_.hang(); });
    EXPECT_FALSE(reports_.await(1).front().stack.empty());
    ASSERT_EQ(::sigaction(number, nullptr, &now), 0);
    EXPECT_NE(now.sa_handler, SIG_DFL);
    ASSERT_EQ(::raise(number), 0);  // not sent by us: nothing happens
    letGo();
  }
  stop();
  ASSERT_EQ(::sigaction(number, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST_F(WatchdogTest, ANumberThatIsNoRealTimeSignalIsSaid) {
  HostOptions options;
  options.stackSignal = SIGUSR1;
  start(Placement::inProcess({.deadline = kShort}), options);
  HangingThread thread([&] { return traced_.hang(); });
  EXPECT_THAT(reports_.await(1).front().noStack, ::testing::HasSubstr("no real-time signal"));
  letGo();
}

TEST_F(WatchdogTest, TwoHostsShareTheSignal) {
  start(Placement::inProcess({.deadline = kShort}));
  Reports others;
  HostOptions options;
  options.onStuckCall = [&](const StuckCall& report) { others.add(report); };
  auto second = std::make_unique<Host>(options);
  auto module = second->load(TRACED_MODULE, Placement::inProcess({.deadline = kShort}), {}, {"second"}).value();
  const Traced traced = module.get<Traced>().value();
  {
    HangingThread one([&] { return traced_.hang(); });
    HangingThread two([&] { return traced.hang(); });
    expectStuck(reports_.await(1).front(), "Traced.hang", kShort);
    const StuckCall report = others.await(1).front();
    EXPECT_EQ(report.module, "second");
    expectInModule(report.stack, "Gate::stayHere", traced.letGo().value(), TRACED_MODULE);
    (void)two.outcome();
    EXPECT_TRUE(module.unload());
    second.reset();
    const auto reports = reports_.await(reports_.count() + 2);  // the first host still has it
    expectStuck(reports.back(), "Traced.hang", kShort);
    letGo();
  }
}

TEST_F(WatchdogTest, AnExceptionOfTheCallbackIsNotTheEnd) {
  HostOptions options;
  options.onStuckCall = [this](const StuckCall& report) {
    reports_.add(report);
    throw std::runtime_error("of the callback");
  };
  start(Placement::inProcess({.deadline = kShort}), options);
  HangingThread thread([&] { return traced_.hang(); });
  EXPECT_EQ(reports_.await(2).back().report, 2u);
  letGo();
}

TEST_F(WatchdogTest, TheCallbackMayLetTheCallGo) {
  HostOptions options;
  options.onStuckCall = [this](const StuckCall& report) {
    letGo();
    reports_.add(report);
  };
  start(Placement::inProcess({.deadline = kShort}), options);
  HangingThread thread([&] { return traced_.hang(); });
  EXPECT_EQ(thread.outcome().error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(reports_.await(1).front().report, 1u);
}

// Isolated, the worker is killed at the deadline; there is nothing to report.
TEST_F(WatchdogTest, AnIsolatedCallEndsInstead) {
  start(Placement::isolated({.deadline = 200ms}));
  const auto hung = traced_.hang();
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(watchdogThreads(), 0);
  EXPECT_EQ(reports_.count(), 0u);
}

}  // namespace
}  // namespace bulkhead::diagnostics
