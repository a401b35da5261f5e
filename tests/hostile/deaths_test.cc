// Every way in which a worker can die is one typed outcome with a report (S2, S11), and the next call works.
#include "tests/hostile/fixture.h"

#include <signal.h>

namespace bulkhead::hostile {
namespace {

// How one fault shows in the error and in the report.
struct Death {
  const char* name;
  Fault fault;
  ExitHow how;
  int number;  // signal or status
};

std::string describe(const ::testing::TestParamInfo<Death>& info) { return info.param.name; }

void expectReport(const ExitReport& report, const Death& death) {
  EXPECT_EQ(report.how, death.how) << report.describe();
  EXPECT_EQ(death.how == ExitHow::exited ? report.status : report.signal, death.number) << report.describe();
  EXPECT_EQ(report.verdict, ExitVerdict::none) << report.describe();
  EXPECT_EQ(report.module, "faults");
  EXPECT_TRUE(report.usage.known);
  EXPECT_GT(report.usage.maxResidentBytes, 0u);
}

// A sanitizer turns faults of the process into an exit of its own.
bool endsItsOwnWay(const Death& death) {
  return kSanitized &&
         (death.fault == Fault::segmentation || death.fault == Fault::stackOverflow ||
          death.fault == Fault::writeHostRegion || death.fault == Fault::abort || death.fault == Fault::exitThread);
}

class DeathsUnderACall : public HostileTest, public ::testing::WithParamInterface<Death> {};

TEST_P(DeathsUnderACall, AreModuleDiedWithAReport) {
  auto module = load();
  const auto faults = handleOf(module);
  const auto outcome = faults.within(kLong).misbehave(GetParam().fault);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleDied);
  EXPECT_EQ(outcome.error().module(), "faults");
  EXPECT_EQ(outcome.error().method(), "Faults.misbehave");
  ASSERT_NE(outcome.error().exitReport(), nullptr);
  expectServes(faults);
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  ASSERT_NE(module.lastExit(), nullptr);
  if (endsItsOwnWay(GetParam())) return;
  expectReport(*outcome.error().exitReport(), GetParam());
  expectReport(exits[0], GetParam());
  expectReport(*module.lastExit(), GetParam());
  EXPECT_EQ(exits[0].method, "Faults.misbehave");
}

INSTANTIATE_TEST_SUITE_P(Threat23, DeathsUnderACall,
                         ::testing::Values(Death{"Segmentation", Fault::segmentation, ExitHow::signalled, SIGSEGV},
                                           Death{"Abort", Fault::abort, ExitHow::signalled, SIGABRT},
                                           Death{"ExitZero", Fault::exitZero, ExitHow::exited, 0},
                                           Death{"ExitThree", Fault::exitThree, ExitHow::exited, 3},
                                           Death{"StackOverflow", Fault::stackOverflow, ExitHow::signalled, SIGSEGV},
                                           Death{"ThreadThrows", Fault::threadThrows, ExitHow::signalled, SIGABRT},
                                           Death{"ExitsTheThread", Fault::exitThread, ExitHow::signalled, SIGABRT},
                                           Death{"KilledFromOutside", Fault::kill, ExitHow::signalled, SIGKILL},
                                           Death{"DescendantsKeepThePipes", Fault::forkAndLeave, ExitHow::exited, 5}),
                         describe);

// Threat 12: what only the host may write is read-only in the worker, by the kernel.
INSTANTIATE_TEST_SUITE_P(Threat12, DeathsUnderACall,
                         ::testing::Values(Death{"WriteToTheHostRegion", Fault::writeHostRegion, ExitHow::signalled,
                                                 SIGSEGV}),
                         describe);

class DeathsBetweenCalls : public HostileTest, public ::testing::WithParamInterface<Death> {};

TEST_P(DeathsBetweenCalls, AreReportedAndTheNextCallsWork) {
  auto module = load();
  const auto faults = handleOf(module);
  ASSERT_TRUE(faults.misbehaveLater(GetParam().fault));
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].method, "");
  if (!endsItsOwnWay(GetParam())) expectReport(exits[0], GetParam());
  expectServes(faults);
}

INSTANTIATE_TEST_SUITE_P(Threat23, DeathsBetweenCalls,
                         ::testing::Values(Death{"Segmentation", Fault::segmentation, ExitHow::signalled, SIGSEGV},
                                           Death{"ExitZero", Fault::exitZero, ExitHow::exited, 0},
                                           Death{"Kill", Fault::kill, ExitHow::signalled, SIGKILL}),
                         describe);

class DeathsWhileLoading : public HostileTest, public ::testing::WithParamInterface<Death> {};

TEST_P(DeathsWhileLoading, FailTheLoadAndLeaveNothing) {
  imports_.loadFault = GetParam().fault;
  const auto module = tryLoad();
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::moduleDied) << module.error().message();
  EXPECT_EQ(imports_.loads, 1u) << "imports work while the module loads";
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  if (!endsItsOwnWay(GetParam())) expectReport(exits[0], GetParam());
  imports_.loadFault = Fault::none;
  expectServes(handleOf(load()));
}

INSTANTIATE_TEST_SUITE_P(Threat23, DeathsWhileLoading,
                         ::testing::Values(Death{"Segmentation", Fault::segmentation, ExitHow::signalled, SIGSEGV},
                                           Death{"ExitZero", Fault::exitZero, ExitHow::exited, 0},
                                           Death{"Abort", Fault::abort, ExitHow::signalled, SIGABRT}),
                         describe);

// ---- what the module does to the worker's own control socket

struct Breach {
  const char* name;
  Fault fault;
  const char* text;
};

class Breaches : public HostileTest, public ::testing::WithParamInterface<Breach> {};

TEST_P(Breaches, AreProtocolViolationsOfTheCallUnderWay) {
  auto module = load();
  const auto faults = handleOf(module);
  const auto outcome = faults.within(kLong).misbehave(GetParam().fault);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::protocolViolation);
  EXPECT_NE(outcome.error().text().find(GetParam().text), std::string::npos) << outcome.error().text();
  expectServes(faults);
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::protocolViolation);
  EXPECT_NE(exits[0].text.find(GetParam().text), std::string::npos) << exits[0].text;
}

INSTANTIATE_TEST_SUITE_P(Threat03, Breaches,
                         ::testing::Values(Breach{"Garbage", Fault::controlGarbage, "control message"},
                                           Breach{"HelloAgain", Fault::controlHelloAgain, "out of its step"}),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Threat15, Breaches,
                         ::testing::Values(Breach{"Descriptor", Fault::controlDescriptor, "descriptors"}),
                         [](const auto& info) { return info.param.name; });

// ---- no death at all

class Memory : public HostileTest {};

TEST_F(Memory, Threat22ExhaustionIsTheModulesErrorAndTheWorkerLives) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer build does not limit memory";
  auto module = load({.limits = {.memoryBytes = std::uint64_t{256} << 20}});
  const auto faults = handleOf(module);
  const auto outcome = faults.misbehave(Fault::exhaustMemory);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleError);
  EXPECT_NE(outcome.error().type().find("bad_alloc"), std::string::npos) << outcome.error().message();
  expectServes(faults);
  EXPECT_EQ(module.generation(), 1u);
}

TEST_F(Memory, Threat22ExhaustionWhereNothingMayThrowIsADeath) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer build does not limit memory";
  auto module = load({.limits = {.memoryBytes = std::uint64_t{256} << 20}});
  const auto faults = handleOf(module);
  const auto outcome = faults.misbehave(Fault::exhaustAndDie);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleDied);
  ASSERT_NE(outcome.error().exitReport(), nullptr);
  EXPECT_EQ(outcome.error().exitReport()->signal, SIGABRT);
  expectServes(faults);
}

class Exceptions : public HostileTest {};

TEST_F(Exceptions, Threat20AreTheModulesOwnKindOfError) {
  auto module = load();
  const auto faults = handleOf(module);
  const auto outcome = faults.misbehave(Fault::throwText);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::moduleError);
  EXPECT_EQ(outcome.error().text(), "thrown on request");
  EXPECT_EQ(outcome.error().exitReport(), nullptr);
  EXPECT_EQ(module.generation(), 1u);
}

TEST_F(Exceptions, OfAConstructorFailTheLoad) {
  imports_.loadFault = Fault::throwText;
  const auto module = tryLoad();
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::loadFailed) << module.error().message();
  EXPECT_NE(module.error().text().find("thrown on request"), std::string::npos) << module.error().text();
}

class Descendants : public HostileTest {};

TEST_F(Descendants, Threat30InASessionOfTheirOwnDoNotHoldTheHostUp) {
  auto module = load();
  ASSERT_TRUE(handleOf(module).misbehave(Fault::forkAndStay));
  expectServes(handleOf(module));
  EXPECT_TRUE(module.unload());
  EXPECT_EQ(heard_.exits(1).size(), 1u);
}

}  // namespace
}  // namespace bulkhead::hostile
