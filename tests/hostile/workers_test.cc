// Worker programs that break the protocol, one rule each: the rule is named, the host goes on (S1, S3).
#include "tests/hostile/workers_fixture.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace bulkhead::hostile {
namespace {

using ::testing::AnyOf;

TEST_F(Workers, ProgramWithoutItsFaultPasses) {
  for (int round = 0; round < 3; ++round) expectHostServes();
  EXPECT_EQ(heard_.exits(3).size(), 3u);
  for (const auto& report : heard_.exits(3)) EXPECT_EQ(report.verdict, ExitVerdict::shutDown) << report.describe();
}

// ---- faults in frames: found at the call

class BrokenFrames : public Workers, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenFrames, AreProtocolViolationsThatNameTheRule) {
  auto module = load({.deadline = kLong}, GetParam().fault);
  const auto faults = handleOf(module);
  // The first call breaks the rule, or leaves behind what the second one finds.
  auto outcome = faults.ping(1);
  if (outcome) outcome = faults.ping(2);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::protocolViolation) << outcome.error().message();
  EXPECT_NE(outcome.error().text().find(GetParam().rule), std::string::npos) << outcome.error().message();
  EXPECT_EQ(outcome.error().method(), "Faults.ping");
  const auto exits = heard_.exits(1);
  ASSERT_GE(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::protocolViolation);
  EXPECT_EQ(exits[0].signal, SIGKILL);
  EXPECT_NE(exits[0].text.find(GetParam().rule), std::string::npos) << exits[0].text;
  expectHostServes();
}

constexpr const char* kTurn = "out of its turn";
INSTANTIATE_TEST_SUITE_P(Threat01, BrokenFrames,
                         ::testing::Values(Broken{"WordsBeyondTheSlot", "words-beyond-the-slot",
                                                  "larger than its room"},
                                           Broken{"WordsAllOnes", "words-all-ones", "larger than its room"},
                                           Broken{"PlaceInTheHeader", "place-in-the-header", "outside of its slot"},
                                           Broken{"PlaceMisaligned", "place-misaligned", "outside of its slot"},
                                           Broken{"PlaceAtTheEnd", "place-at-the-end", "outside of its slot"},
                                           Broken{"PlaceBeyondTheSlot", "place-beyond-the-slot", "outside of its slot"},
                                           Broken{"RegionOfNobody", "region-of-nobody", "not its lane's"}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(
    Threat03, BrokenFrames,
    ::testing::Values(Broken{"UnknownKind", "unknown-kind", kTurn}, Broken{"KindOfTheHost", "kind-of-the-host", kTurn},
                      Broken{"ClosedUnasked", "closed-unasked", kTurn},
                      Broken{"ImportOfAnUnknownMethod", "import-of-an-unknown-method", "its manifest does not have"}),
    nameOf);
INSTANTIATE_TEST_SUITE_P(Threat04, BrokenFrames,
                         ::testing::Values(Broken{"WrongSequence", "wrong-sequence", kTurn},
                                           Broken{"RepliesTwice", "replies-twice", kTurn},
                                           Broken{"AnswersAnotherCall", "answers-another-call", kTurn},
                                           Broken{"WrongDepth", "wrong-depth", kTurn},
                                           Broken{"DepthZero", "depth-zero", kTurn}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Threat17, BrokenFrames,
                         ::testing::Values(Broken{"ImportNotGranted", "import-not-granted", "not granted"},
                                           Broken{"ImportTooDeep", "import-too-deep", kTurn}),
                         nameOf);

TEST_F(Workers, Threat02MalformedMessageIsAProtocolViolation) {
  auto module = load({}, "malformed-message");
  const auto outcome = handleOf(module).ping(1);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::protocolViolation);
  EXPECT_NE(outcome.error().text().find("malformed message"), std::string::npos) << outcome.error().message();
  expectHostServes();
}

TEST_F(Workers, Threat10And11MemoryThatChangesUnderTheHostHarmsNobody) {
  auto module = load({.deadline = 1s}, "rewrites-while-the-host-reads");
  const auto faults = handleOf(module);
  int refused = 0;
  const auto end = std::chrono::steady_clock::now() + kLong;
  for (int i = 0; (i < 50 || refused == 0) && std::chrono::steady_clock::now() < end; ++i) {
    const auto outcome = faults.ping(i);
    if (outcome) {
      EXPECT_EQ(*outcome, i);  // read before it changed
      continue;
    }
    ++refused;
    EXPECT_THAT(outcome.error().kind(), AnyOf(ErrorKind::protocolViolation, ErrorKind::deadlineExceeded))
        << outcome.error().message();
    EXPECT_EQ(outcome.error().method(), "Faults.ping");
  }
  EXPECT_GT(refused, 0);
  expectHostServes();
}

TEST_F(Workers, Threat04RepeatedPublicationIsNoAnswer) {
  auto module = load({.deadline = kLong}, "publishes-without-a-frame");
  const auto outcome = handleOf(module).ping(7);  // the header of the load's answer, once more
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::protocolViolation) << outcome.error().message();
  EXPECT_NE(outcome.error().text().find(kTurn), std::string::npos) << outcome.error().message();
  expectHostServes();
}

class Silent : public Workers, public ::testing::WithParamInterface<const char*> {};

TEST_P(Silent, CallsEndAtTheirDeadline) {
  auto module = load({.deadline = 300ms}, GetParam());
  const auto outcome = handleOf(module).ping(1);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded) << outcome.error().message();
  expectHostServes();
}

INSTANTIATE_TEST_SUITE_P(Threat05, Silent, ::testing::Values("never-answers", "asks-for-regions-for-ever"),
                         [](const auto& info) {
                           return std::string(info.param) == "never-answers" ? "NeverAnswers" : "AsksForRegionsForEver";
                         });

TEST_F(Workers, Threat05FloodOfHintsDelaysNobody) {
  auto module = load({}, "floods-with-hints");
  auto other = load({}, "honest");
  for (int i = 0; i < 100; ++i) {
    expectServes(handleOf(module));
    expectServes(handleOf(other));
  }
}

TEST_F(Workers, Threat05WorkerThatNeverReadsItsSocketIsServedAsFarAsItGoes) {
  auto module = load({}, "never-reads-its-socket");
  const auto faults = handleOf(module);
  expectServes(faults);
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const auto outcome = faults.within(300ms).ping(1);  // on lanes that are never served
      ASSERT_FALSE(outcome);
      EXPECT_NE(outcome.error().kind(), ErrorKind::internal) << outcome.error().message();
    });
  }
  for (auto& caller : callers) caller.join();
  expectHostServes();
}

// ---- faults while starting

class BrokenStarts : public Workers, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenStarts, FailTheLoadWithTheReason) {
  const auto module = tryLoad({.loadDeadline = kLong}, GetParam().fault);
  ASSERT_FALSE(module);
  EXPECT_NE(module.error().text().find(GetParam().rule), std::string::npos) << module.error().message();
  EXPECT_EQ(heard_.exits(1).size(), 1u);
  expectHostServes();
}

INSTANTIATE_TEST_SUITE_P(Threat03, BrokenStarts,
                         ::testing::Values(Broken{"TruncatedMessage", "truncated-message", "no whole number of words"},
                                           Broken{"OversizedMessage", "oversized-message", "longer than the protocol"},
                                           Broken{"HelloTwice", "hello-twice", "out of its step"},
                                           Broken{"LockedDownFirst", "locked-down-first", "out of its step"},
                                           Broken{"ImportFirst", "import-first", "out of its step"},
                                           Broken{"UnknownTier", "unknown-tier", "tier"}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Start, BrokenStarts,
                         ::testing::Values(Broken{"NewerProtocol", "newer-protocol", "speaks protocol 2"},
                                           Broken{"OlderAbi", "older-abi", "and ABI 0"},
                                           Broken{"EndsBeforeHello", "ends-before-hello", "ended before it was ready"},
                                           Broken{"FailsToStart", "fails-to-start", "it would not"}),
                         nameOf);

// These come when the load may be under way already; however that ends, the worker does.
class BrokenAfterLockdown : public Workers, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenAfterLockdown, EndTheWorkerWithTheReason) {
  auto module = tryLoad({}, GetParam().fault);
  const auto exits = heard_.exits(1);
  ASSERT_GE(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::protocolViolation) << exits[0].describe();
  EXPECT_NE(exits[0].text.find(GetParam().rule), std::string::npos) << exits[0].describe();
  EXPECT_TRUE(module || module.error().kind() == ErrorKind::protocolViolation) << module.error().message();
  expectHostServes();
}

INSTANTIATE_TEST_SUITE_P(Threat03, BrokenAfterLockdown,
                         ::testing::Values(Broken{"LockedDownTwice", "locked-down-twice", "out of its step"},
                                           Broken{"FailsAfterLockdown", "fails-after-lockdown", "out of its step"},
                                           Broken{"HintForNoLane", "hint-for-no-lane", "a lane that is none"},
                                           Broken{"HintForACallLane", "hint-for-a-call-lane", "a lane that is none"},
                                           Broken{"RefusesNoLane", "refuses-no-lane", "a lane that is none"}),
                         nameOf);

class StalledStarts : public Workers, public ::testing::WithParamInterface<Broken> {};

TEST_P(StalledStarts, EndAtTheLoadDeadline) {
  const auto module = tryLoad({.loadDeadline = 300ms}, GetParam().fault);
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::deadlineExceeded) << module.error().message();
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::loadTimedOut);
  expectHostServes();
}

INSTANTIATE_TEST_SUITE_P(Threat05, StalledStarts,
                         ::testing::Values(Broken{"BeforeHello", "stalls-before-hello", ""},
                                           Broken{"BeforeLockdown", "stalls-before-lockdown", ""},
                                           Broken{"WhileLoading", "stalls-while-loading", ""},
                                           Broken{"WithItsSocketClosed", "closes-its-socket", ""}),
                         nameOf);

TEST_F(Workers, StallsAtTheEndAreCutByTheUnloadDeadline) {
  for (const char* fault : {"stalls-while-unloading", "stalls-at-shutdown"}) {
    auto module = load({}, fault);
    EXPECT_TRUE(module.unload(200ms));
  }
  for (const auto& report : heard_.exits(2)) EXPECT_EQ(report.verdict, ExitVerdict::shutDownTimedOut);
}

TEST_F(Workers, Threat08SealsHoldAndThreat07NothingStaleIsShown) {
  // Each of these programs ends itself where it succeeds.
  for (const char* fault : {"attacks-the-seals", "stale-bytes"}) {
    auto module = load({}, fault);
    expectServes(handleOf(module));
  }
}

// ---- programs that are no workers

class NoWorkers : public HostileTest {
 protected:
  Error loadWith(const std::string& program) {
    HostOptions options = hostOptions();
    options.workerProgram = program;
    makeHost(std::move(options));
    auto module = tryLoad({.loadDeadline = kLong});
    EXPECT_FALSE(module);
    return module ? Error(ErrorKind::internal, "it loaded") : module.error();
  }
  static std::string scratch(const std::string& content, mode_t mode) {
    const std::string path = ::testing::TempDir() + "bulkhead_no_worker." + std::to_string(::getpid());
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
};

TEST_F(NoWorkers, MissingProgramIsNamed) {
  const Error error = loadWith("/nowhere/bulkhead-worker");
  EXPECT_EQ(error.kind(), ErrorKind::workerStartFailed);
  EXPECT_NE(error.text().find("/nowhere/bulkhead-worker: No such file"), std::string::npos) << error.text();
}

TEST_F(NoWorkers, ProgramThatIsNotExecutableIsNamed) {
  const std::string path = scratch("x", 0600);
  const Error error = loadWith(path);
  EXPECT_EQ(error.kind(), ErrorKind::workerStartFailed);
  EXPECT_NE(error.text().find(path + ": not executable"), std::string::npos) << error.text();
  ::unlink(path.c_str());
}

TEST_F(NoWorkers, FileThatIsNoProgramIsNamed) {
  const std::string path = scratch("nonsense", 0700);
  const Error error = loadWith(path);
  EXPECT_EQ(error.kind(), ErrorKind::workerStartFailed);
  EXPECT_NE(error.text().find(path + ": execve: Exec format error"), std::string::npos) << error.text();
  ::unlink(path.c_str());
}

TEST_F(NoWorkers, ProgramThatIsNoWorkerIsReported) {
  const Error error = loadWith("/bin/true");
  EXPECT_EQ(error.kind(), ErrorKind::workerStartFailed);
  EXPECT_NE(error.text().find("/bin/true ended before it was ready"), std::string::npos) << error.text();
  EXPECT_NE(error.text().find("exited with status 0"), std::string::npos) << error.text();
  ASSERT_NE(error.exitReport(), nullptr);
}

TEST_F(NoWorkers, EnvironmentNamesTheProgram) {
  ::setenv("BULKHEAD_WORKER", "/bin/false", 1);
  const auto module = tryLoad();
  ::unsetenv("BULKHEAD_WORKER");
  ASSERT_FALSE(module);
  EXPECT_NE(module.error().text().find("/bin/false"), std::string::npos) << module.error().text();
}

TEST_F(NoWorkers, Threat32RequiredTierThatIsNotReachedRefusesToStart) {
  const auto module = tryLoad({.requiredTier = Tier::cgroup});
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::requirementNotMet) << module.error().message();
  const auto exits = heard_.exits(1);
  ASSERT_EQ(exits.size(), 1u);
  EXPECT_EQ(exits[0].verdict, ExitVerdict::requirementNotMet);
  EXPECT_EQ(imports_.loads, 0u) << "no code of the module has run";
}

}  // namespace
}  // namespace bulkhead::hostile
