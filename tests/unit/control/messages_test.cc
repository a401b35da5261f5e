#include "shared/control/messages.h"

#include "shared/control/socket.h"

#include <gtest/gtest.h>

#include <random>
#include <variant>

namespace bulkhead::control {
namespace {

ToHost roundTrip(const ToHost& message) { return decodeToHost(encode(message).value()).value(); }

ToWorker roundTrip(const ToWorker& message) {
  return decodeToWorker(encode(message).value(), descriptorCount(message)).value();
}

control::Setup someSetup() {
  control::Setup setup;
  setup.module = "codec";
  setup.generation = 7;
  setup.hostRegionBytes = 1 << 20;
  setup.workerRegionBytes = 2 << 20;
  setup.laneCount = 64;
  setup.importLaneCount = 8;
  setup.slotBytes = 16384;
  setup.laneStackBytes = 1 << 21;
  setup.maxMessageBytes = std::uint64_t{256} << 20;
  setup.maxNesting = 64;
  setup.limits = {1, 2, 3, 4};
  setup.load.file = {"/private/codec.so", 5, 6};
  setup.load.originalPath = "/usr/lib/codec.so";
  setup.load.dependencies.push_back({"/usr/lib/libz.so", 7, 8});
  setup.load.dependencies.push_back({"/usr/lib/liby.so", 9, 10});
  return setup;
}

TEST(Messages, ToHostRoundTrip) {
  const auto hello = std::get<Hello>(roundTrip(ToHost(Hello{protocolVersion(), 1, "1.2 g++"})));
  EXPECT_EQ(hello.protocolVersion, protocolVersion());
  EXPECT_EQ(hello.abiVersion, 1U);
  EXPECT_EQ(hello.build, "1.2 g++");

  const auto locked =
      std::get<LockedDown>(roundTrip(ToHost(LockedDown{Tier::files, {{"a", true, "b"}, {"c", false, ""}}})));
  EXPECT_EQ(locked.tier, Tier::files);
  ASSERT_EQ(locked.steps.size(), 2U);
  EXPECT_EQ(locked.steps[0].detail, "b");
  EXPECT_FALSE(locked.steps[1].reached);

  EXPECT_EQ(std::get<StartFailed>(roundTrip(ToHost(StartFailed{"no"}))).text, "no");
  EXPECT_EQ(std::get<LaneRefused>(roundTrip(ToHost(LaneRefused{3, "no thread"}))).lane, 3U);
  EXPECT_EQ(std::get<ImportWaiting>(roundTrip(ToHost(ImportWaiting{65}))).lane, 65U);

  const std::string bytes("a\0\xff\x1b[31m", 8);
  const auto log = std::get<Log>(roundTrip(ToHost(Log{LogLevel::warning, bytes, 12})));
  EXPECT_EQ(log.level, LogLevel::warning);
  EXPECT_EQ(log.line, bytes);
  EXPECT_EQ(log.lost, 12U);
}

TEST(Messages, ToWorkerRoundTrip) {
  const auto setup = std::get<control::Setup>(roundTrip(ToWorker(someSetup())));
  EXPECT_EQ(setup.module, "codec");
  EXPECT_EQ(setup.generation, 7U);
  EXPECT_EQ(setup.workerRegionBytes, 2U << 20);
  EXPECT_EQ(setup.importLaneCount, 8U);
  EXPECT_EQ(setup.maxNesting, 64U);
  EXPECT_EQ(setup.limits.memoryBytes, 1U);
  EXPECT_EQ(setup.limits.cpuSeconds, 4U);
  EXPECT_EQ(setup.load.file.path, "/private/codec.so");
  EXPECT_EQ(setup.load.originalPath, "/usr/lib/codec.so");
  ASSERT_EQ(setup.load.dependencies.size(), 2U);
  EXPECT_EQ(setup.load.dependencies[1].inode, 10U);

  EXPECT_EQ(std::get<OpenLane>(roundTrip(ToWorker(OpenLane{4}))).lane, 4U);
  const auto region = std::get<OpenRegion>(roundTrip(ToWorker(OpenRegion{9, 4096, 2, true})));
  EXPECT_EQ(region.id, 9U);
  EXPECT_EQ(region.bytes, 4096U);
  EXPECT_EQ(region.lane, 2U);
  EXPECT_TRUE(region.workerWrites);
  EXPECT_EQ(std::get<RetireRegion>(roundTrip(ToWorker(RetireRegion{9}))).id, 9U);
  EXPECT_TRUE(std::holds_alternative<Shutdown>(roundTrip(ToWorker(Shutdown{}))));
}

TEST(Messages, SenderCutsLongTexts) {
  const auto failed = std::get<StartFailed>(roundTrip(ToHost(StartFailed{std::string(100'000, 'x')})));
  EXPECT_EQ(failed.text.size(), kMaxTextBytes);
  const auto log = std::get<Log>(roundTrip(ToHost(Log{LogLevel::info, std::string(100'000, 'x'), 0})));
  EXPECT_EQ(log.line.size(), kMaxLogLineBytes);
}

TEST(Messages, SetupThatDoesNotFitIsAnError) {
  control::Setup setup = someSetup();
  setup.load.dependencies.resize(20, {std::string(4000, 'p'), 1, 2});
  EXPECT_EQ(encode(ToWorker(setup)).error().kind(), ErrorKind::messageTooLarge);
}

TEST(Messages, Threat15WrongNumberOfDescriptorsIsAViolation) {
  const auto setup = encode(ToWorker(someSetup())).value();
  for (const std::size_t count : {0U, 1U, 2U, 4U}) {
    EXPECT_EQ(decodeToWorker(setup, count).error().kind(), ErrorKind::protocolViolation);
  }
  EXPECT_TRUE(decodeToWorker(setup, 3));
  EXPECT_FALSE(decodeToWorker(encode(ToWorker(Shutdown{})).value(), 1));
  EXPECT_FALSE(decodeToWorker(encode(ToWorker(OpenRegion{})).value(), 0));
}

TEST(Messages, UnknownKindsAndTiersAreViolations) {
  auto unknownKind = encode(ToHost(ImportWaiting{1})).value();
  unknownKind.at(1) = 0xffff;
  EXPECT_EQ(decodeToHost(unknownKind).error().kind(), ErrorKind::protocolViolation);
  const auto unknownTier = encode(ToHost(LockedDown{static_cast<Tier>(200), {}})).value();
  EXPECT_EQ(decodeToHost(unknownTier).error().kind(), ErrorKind::protocolViolation);
}

TEST(Messages, EmptyAndOverlongAreViolations) {
  EXPECT_EQ(decodeToHost({}).error().kind(), ErrorKind::protocolViolation);
  const Words zeros(kMaxDatagramBytes / 8 + 1);
  EXPECT_EQ(decodeToHost(zeros).error().kind(), ErrorKind::protocolViolation);
}

// Decoders end in a value or a violation for whatever arrives.
TEST(Messages, Threat03MutatedMessagesNeverEscape) {
  std::mt19937_64 random(20);
  const std::vector<Words> originals = {
      encode(ToHost(Hello{1, 1, "build"})).value(),
      encode(ToHost(LockedDown{Tier::process, {{"a", true, "b"}}})).value(),
      encode(ToHost(Log{LogLevel::info, "line", 0})).value(),
      encode(ToWorker(someSetup())).value(),
  };
  for (int i = 0; i < 4000; ++i) {
    Words words = originals[random() % originals.size()];
    for (std::uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
      words[random() % words.size()] ^= std::uint64_t{1} << random() % 64;
    }
    words.resize(1 + random() % words.size());
    if (const auto toHost = decodeToHost(words); !toHost) {
      ASSERT_EQ(toHost.error().kind(), ErrorKind::protocolViolation);
    }
    if (const auto toWorker = decodeToWorker(words, 3); !toWorker) {
      ASSERT_EQ(toWorker.error().kind(), ErrorKind::protocolViolation);
    }
  }
}

}  // namespace
}  // namespace bulkhead::control
