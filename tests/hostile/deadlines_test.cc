// Deadlines of the isolated placement (S2, S3): a worker that does not answer is ended, its caller gets one typed
// error.
#include "tests/hostile/fixture.h"

namespace bulkhead::hostile {
namespace {

class Deadlines : public HostileTest {};

// Hangs of every kind end the same way.
class HangingCalls : public HostileTest, public ::testing::WithParamInterface<std::pair<const char*, Fault>> {};

TEST_P(HangingCalls, EndInDeadlineExceededAndTheHandleServesOn) {
  auto module = load({.deadline = kLong});
  const auto faults = handleOf(module);
  expectServes(faults);  // this thread has its lane
  const auto outcome = faults.misbehaveBriefly(GetParam().second);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(outcome.error().module(), "faults");
  EXPECT_EQ(outcome.error().method(), "Faults.misbehaveBriefly");
  expectServes(faults);
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].how, ExitHow::signalled);
  EXPECT_EQ(exits[0].signal, SIGKILL);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::deadlineExceeded);
  EXPECT_EQ(exits[0].method, "Faults.misbehaveBriefly");
  EXPECT_EQ(exits[0].module, "faults");
  EXPECT_EQ(exits[0].generation, 1u);
  EXPECT_TRUE(exits[0].usage.known);
  ASSERT_NE(module.lastExit(), nullptr);
  EXPECT_EQ(module.lastExit()->verdict, ExitVerdict::deadlineExceeded);
  EXPECT_EQ(module.generation(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Threat23And30, HangingCalls,
                         ::testing::Values(std::pair("Deadlock", Fault::deadlock),
                                           std::pair("BusyLoop", Fault::busyLoop), std::pair("Sleep", Fault::sleep),
                                           std::pair("BlockedSignals", Fault::blockSignals),
                                           std::pair("Stopped", Fault::stop),
                                           std::pair("RenouncedDeathSignal", Fault::renounceDeathSignal),
                                           std::pair("ClosedDescriptors", Fault::closeDescriptors)),
                         [](const auto& param) { return param.param.first; });

TEST_F(Deadlines, AnnotationOfTheMethodGoesBeforeTheDefault) {
  auto module = load({.deadline = kLong});
  const auto faults = handleOf(module);
  expectServes(faults);
  const auto outcome = faults.misbehaveBriefly(Fault::sleep);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(outcome.error().method(), "Faults.misbehaveBriefly");
  expectServes(faults);
}

TEST_F(Deadlines, WithinGoesBeforeBoth) {
  auto module = load({.deadline = kLong});
  const auto faults = handleOf(module);
  expectServes(faults);
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = faults.within(150ms).misbehave(Fault::sleep);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 150ms);
  expectServes(faults);
}

TEST_F(Deadlines, OtherCallersOfTheWorkerGetATypedOutcome) {
  auto module = load({.deadline = kLong});
  const auto faults = handleOf(module);
  expectServes(faults);
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const auto outcome = faults.misbehave(Fault::sleep);
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleDied);
      // Which call was to blame.
      EXPECT_NE(outcome.error().text().find("Faults.misbehaveBriefly"), std::string::npos) << outcome.error().message();
    });
  }
  ASSERT_TRUE(heard_.lines("asleep", 8));
  const auto outcome = faults.misbehaveBriefly(Fault::busyLoop);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  for (auto& caller : callers) caller.join();
  expectServes(faults);
}

TEST_F(Deadlines, OtherModulesAreUnaffected) {
  auto healthy = load({}, "healthy");
  auto sick = load({.deadline = 300ms}, "sick");
  const auto before = healthy.workerPid();
  EXPECT_FALSE(handleOf(sick).misbehave(Fault::busyLoop));
  expectServes(handleOf(healthy));
  EXPECT_EQ(healthy.workerPid(), before);
  EXPECT_EQ(healthy.generation(), 1u);
}

// ---- the two clocks

TEST_F(Deadlines, ImportsDoNotSpendTheModulesBudget) {
  auto module = load({.deadline = 2s});
  const auto faults = handleOf(module);
  // The default is a budget and within() the wall clock: the module works briefly, its import for longer.
  const auto outcome = faults.within(kLong).spend(0, 2'500, 0);
  EXPECT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(module.generation(), 1u);
}

TEST_F(Deadlines, BudgetRunsOnAfterTheImport) {
  auto module = load({.deadline = 2s});
  const auto faults = handleOf(module);
  const auto outcome = faults.within(kLong).spend(0, 100, 60'000);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(imports_.spends, 1u);
  expectServes(faults);
}

TEST_F(Deadlines, WallDeadlineIsLookedAtWhenTheImportReturns) {
  auto module = load({.deadline = kLong});
  const auto faults = handleOf(module);
  expectServes(faults);
  const auto start = std::chrono::steady_clock::now();
  // Long enough for the import to begin, and too short for it to end.
  const auto outcome = faults.within(1s).spend(0, 1'500, 60'000);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1'500ms) << "an import is never cut short";
  EXPECT_EQ(imports_.spends, 1u);
  expectServes(faults);
}

// ---- load, start and unload

class HangingLoads : public HostileTest, public ::testing::WithParamInterface<std::pair<const char*, Fault>> {};

TEST_P(HangingLoads, EndAtTheLoadDeadline) {
  imports_.loadFault = GetParam().second;
  const auto module = tryLoad({.loadDeadline = 300ms});
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(module.error().module(), "faults");
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::loadTimedOut);
  // The same without its fault.
  imports_.loadFault = Fault::none;
  expectServes(handleOf(load()));
}

INSTANTIATE_TEST_SUITE_P(Threat23, HangingLoads,
                         ::testing::Values(std::pair("Sleep", Fault::sleep), std::pair("BusyLoop", Fault::busyLoop),
                                           std::pair("Stopped", Fault::stop)),
                         [](const auto& param) { return param.param.first; });

TEST_F(Deadlines, RestartThatHangsIsUnavailableAndTheNextCallTriesAgain) {
  auto module = load({.deadline = kLong, .loadDeadline = 5s});
  const auto faults = handleOf(module);
  imports_.loadFault = Fault::sleep;
  EXPECT_FALSE(faults.misbehaveBriefly(Fault::sleep));
  const auto early = faults.within(50ms).ping(1);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind(), ErrorKind::unavailable);
  const auto late = faults.within(kLong).ping(1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::unavailable);
  EXPECT_NE(late.error().text().find("could not be started"), std::string::npos) << late.error().text();
  imports_.loadFault = Fault::none;
  expectServes(faults);
}

TEST_F(Deadlines, UnloadEndsADestructorThatHangs) {
  auto module = load();
  ASSERT_TRUE(handleOf(module).misbehaveAtUnload(Fault::sleep));
  const auto unloaded = module.unload(200ms);
  EXPECT_TRUE(unloaded) << unloaded.error().message();
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::shutDownTimedOut);
  EXPECT_EQ(exits[0].signal, SIGKILL);
}

TEST_F(Deadlines, UnloadEndsAnExitHandlerThatHangs) {
  auto module = load();
  ASSERT_TRUE(handleOf(module).misbehave(Fault::atExitHang));
  EXPECT_TRUE(module.unload(200ms));
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::shutDownTimedOut);
}

TEST_F(Deadlines, UnloadEndsCallsThatHang) {
  auto module = load({.deadline = kLong});
  const auto faults = handleOf(module);
  std::thread caller([&] {
    const auto outcome = faults.misbehave(Fault::sleep);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleDied);
  });
  ASSERT_TRUE(heard_.line("asleep"));
  EXPECT_TRUE(module.unload(100ms));
  caller.join();
  const auto stale = faults.ping(1);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind(), ErrorKind::staleHandle);
}

TEST_F(Deadlines, UnloadInTimeIsAnOrderlyExit) {
  auto module = load();
  expectServes(handleOf(module));
  EXPECT_TRUE(module.unload());
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::shutDown);
  EXPECT_EQ(exits[0].how, ExitHow::exited);
  EXPECT_EQ(exits[0].status, 0);
}

// ---- onStarted

TEST(OnStarted, RunsBeforeAnyOtherCallReachesAFreshWorker) {
  Imports imports;
  std::atomic<std::uint64_t> configured{0};
  HostOptions options;
  options.onLog = [](const LogLine&) {};
  options.onStarted = [&](const Starting& starting) -> Result<void> {
    const auto faults = starting.get<faults::host::Faults>();
    if (!faults) return faults.error();
    std::this_thread::sleep_for(20ms);
    if (auto pong = faults->within(kLong).ping(7); !pong) return pong.error();
    configured = starting.generation();
    return {};
  };
  Host host(options);
  auto module = host.load(FAULTS_MODULE, Placement::isolated({.deadline = kLong}), imports).value();
  EXPECT_EQ(configured, 1u);
  const auto faults = handleOf(module);
  EXPECT_FALSE(faults.misbehaveBriefly(Fault::sleep));
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      EXPECT_TRUE(faults.within(kLong).ping(1));
      EXPECT_EQ(configured, 2u);
    });
  }
  for (auto& caller : callers) caller.join();
}

TEST(OnStarted, HangInItEndsTheStart) {
  Imports imports;
  HostOptions options;
  options.onStarted = [](const Starting& starting) -> Result<void> {
    auto outcome = starting.get<faults::host::Faults>().value().misbehave(Fault::sleep);
    return outcome;
  };
  Host host(options);
  const auto module = host.load(FAULTS_MODULE, Placement::isolated({.deadline = 300ms}), imports);
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::deadlineExceeded);
}

}  // namespace
}  // namespace bulkhead::hostile
