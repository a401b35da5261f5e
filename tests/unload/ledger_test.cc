// I3, I4: what a module's own code holds is known at any time, and what it leaves behind is listed and given back.
#include "tests/unload/fixture.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#define SKIP_WITHOUT_HEAP() \
  if (!kHeapIsKept) GTEST_SKIP() << "the sanitizer's own allocator looks after the heap of modules here"

namespace bulkhead::unload_test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST_F(UnloadTest, I3LedgerTellsWhatTheModuleHolds) {
  Module module = load();
  const auto leaver = handleOf(module);
  const Ledger before = module.ledger();
  ASSERT_TRUE(leaver.leak(3, 1000));
  const std::int32_t descriptor = leaver.openFile("/dev/null").value();
  const Ledger after = module.ledger();
  EXPECT_TRUE(after.isKept);
  EXPECT_EQ(after.of(Resource::descriptor).count, before.of(Resource::descriptor).count + 1);
  const Acquired* const file = find(after.entries, Resource::descriptor);
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->key, static_cast<std::uint64_t>(descriptor));
  EXPECT_EQ(file->text, "/dev/null");
  EXPECT_NE(file->siteOffset, 0u);
  if (kHeapIsKept) {
    EXPECT_EQ(after.of(Resource::heap).count, before.of(Resource::heap).count + 3);
    EXPECT_EQ(after.of(Resource::heap).bytes, before.of(Resource::heap).bytes + 3000);
    EXPECT_THAT(after.entries, Contains(::testing::AllOf(::testing::Field(&Acquired::kind, Resource::heap),
                                                         ::testing::Field(&Acquired::count, 3u),
                                                         ::testing::Field(&Acquired::bytes, 3000u))))
        << "one entry per call site";
  }
  ASSERT_TRUE(module.unload());
  EXPECT_FALSE(module.ledger().isKept);
}

TEST_F(UnloadTest, I4EverythingLeftBehindIsListedAndGivenBack) {
  Module module = load();
  const auto leaver = handleOf(module);
  const std::uint64_t place = leaver.place().value();
  struct sigaction before {};
  ::sigaction(SIGUSR2, nullptr, &before);
  ASSERT_TRUE(leaver.leakEverything());
  const std::int32_t descriptor = leaver.openFile("/dev/zero").value();
  const auto report = module.unload(UnloadOptions{});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(isMapped(place));
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
  for (const Resource kind : {Resource::threadKey, Resource::descriptor, Resource::stream, Resource::directory,
                              Resource::mapping, Resource::signalHandler, Resource::library}) {
    EXPECT_NE(find(report->leaks, kind), nullptr) << toString(kind);
  }
  EXPECT_EQ(find(report->leaks, Resource::heap) != nullptr, kHeapIsKept);
  struct sigaction after {};
  ::sigaction(SIGUSR2, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler) << "the handler is gone with its module";
}

TEST_F(UnloadTest, I4WarningSaysHowManyAndWhere) {
  Module module = load({.leaks = LeakPolicies::all(LeakPolicy::clean).with(Resource::descriptor, LeakPolicy::warn)});
  ASSERT_TRUE(handleOf(module).openFile("/dev/null"));
  ASSERT_TRUE(module.unload());
  EXPECT_THAT(logged(),
              Contains("unloaded with 1 of kind descriptor not given back; the first from open() (/dev/null)"));
}

TEST_F(UnloadTest, I4CleanIsSilent) {
  Module module = load();
  ASSERT_TRUE(handleOf(module).openFile("/dev/null"));
  ASSERT_TRUE(module.unload());
  EXPECT_TRUE(logged().empty());
}

std::uint64_t residentBytes() {
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  if (FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu %lu", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(UnloadTest, I3TwoHundredMegabytesComeBack) {
  SKIP_WITHOUT_HEAP();
  constexpr std::uint64_t kLeak = 200 << 20;
  Module module = load();
  ASSERT_TRUE(handleOf(module).leak(200, 1 << 20));
  const std::uint64_t full = residentBytes();
  const auto report = module.unload(UnloadOptions{});
  ASSERT_TRUE(report);
  const Acquired* const heap = find(report->leaks, Resource::heap);
  ASSERT_NE(heap, nullptr);
  EXPECT_LE(residentBytes() + kLeak * 9 / 10, full);
}

TEST_F(UnloadTest, I3ForeignFreeIsReportedAndForwarded) {
  SKIP_WITHOUT_HEAP();
  Module module = load();
  const auto leaver = handleOf(module);
  void* const block = std::malloc(64);
  ASSERT_TRUE(leaver.free(reinterpret_cast<std::uint64_t>(block)));
  void* const second = std::malloc(64);
  ASSERT_TRUE(leaver.free(reinterpret_cast<std::uint64_t>(second)));
  const Ledger ledger = module.ledger();
  ASSERT_EQ(ledger.badFrees.size(), 1u) << "one per call site";
  EXPECT_EQ(ledger.badFrees.front().count, 2u);
  EXPECT_EQ(ledger.badFrees.front().pointer, block);
  EXPECT_FALSE(ledger.badFrees.front().isDouble);
  EXPECT_NE(ledger.badFrees.front().siteOffset, 0u);
  const auto report = module.unload(UnloadOptions{});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->badFrees.size(), 1u);
}

TEST_F(UnloadTest, I3DoubleFreeIsReportedAndTheHostLives) {
  SKIP_WITHOUT_HEAP();
  Module module = load();
  ASSERT_TRUE(handleOf(module).freeTwice());
  const Ledger ledger = module.ledger();
  ASSERT_EQ(ledger.badFrees.size(), 1u);
  EXPECT_TRUE(ledger.badFrees.front().isDouble);
}

using LedgerDeathTest = UnloadTest;
TEST_F(LedgerDeathTest, I3StrictModeAborts) {
  SKIP_WITHOUT_HEAP();
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        Module module = load({.abortOnBadFree = true});
        static_cast<void>(handleOf(module).free(reinterpret_cast<std::uint64_t>(std::malloc(64))));
      },
      "a module frees .*, which it did not allocate");
}

TEST_F(UnloadTest, I4ThreadLocalDestructorRunsOnceOnTheOwnersThreadOrAtUnload) {
  std::atomic<int> here{0};
  std::atomic<int> there{0};
  std::atomic<int> ended{0};
  Module module = load();
  const auto leaver = handleOf(module);
  const auto at = [](std::atomic<int>& counter) { return reinterpret_cast<std::uint64_t>(&counter); };
  ASSERT_TRUE(leaver.touchThreadLocal(at(here)));
  std::thread([&] { EXPECT_TRUE(leaver.touchThreadLocal(at(ended))); }).join();
  EXPECT_EQ(ended, 1) << "its thread has ended";
  Gate gate;
  std::atomic<int> touched{0};
  std::thread other([&] {
    EXPECT_TRUE(leaver.touchThreadLocal(at(there)));
    touched = 1;
    touched.notify_all();
    while (!gate.isOpen()) ::usleep(200);
  });
  touched.wait(0);
  const auto unloaded = module.unload();
  EXPECT_TRUE(unloaded) << "no thread_local pins it";
  EXPECT_EQ(here, 1);
  EXPECT_EQ(there, 1) << "run by the unload";
  gate.open();
  other.join();
  EXPECT_EQ(there, 1) << "and not again at the thread's end";
}

// Trap 1 of signal chains: the newer version has saved the older one's handler.
TEST_F(UnloadTest, I4SignalHandlersOfVersionsSideBySideLeaveNoneBehind) {
  struct sigaction before {};
  ::sigaction(SIGUSR1, nullptr, &before);
  Module older = load();
  Module newer = load();
  ASSERT_TRUE(handleOf(older).takeSignal(SIGUSR1));
  ASSERT_TRUE(handleOf(newer).takeSignal(SIGUSR1));
  ASSERT_TRUE(older.unload());
  ASSERT_TRUE(newer.unload());
  struct sigaction after {};
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

// Trap 2: a number that is another file by now.
TEST_F(UnloadTest, I4DescriptorThatTheHostClosedAndReusedStaysOpen) {
  Module module = load();
  const std::int32_t descriptor = handleOf(module).openFile("/dev/null").value();
  ASSERT_EQ(::close(descriptor), 0);
  const int reused = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(reused, descriptor) << "the kernel gives the lowest free number";
  ASSERT_TRUE(module.unload());
  EXPECT_NE(::fcntl(reused, F_GETFD), -1);
  ::close(reused);
}

TEST_F(UnloadTest, I3WithoutALedgerNothingIsNoted) {
  Module module = load({.keepLedger = false});
  const auto leaver = handleOf(module);
  const std::int32_t descriptor = leaver.openFile("/dev/null").value();
  EXPECT_FALSE(module.ledger().isKept);
  ASSERT_TRUE(module.unload());
  EXPECT_EQ(::close(descriptor), 0) << "it was left alone";
}

// Its default action would end this process.
TEST_F(UnloadTest, I4TimerThatTicksOnHarmsNobody) {
  for (int round = 0; round < 50; ++round) {
    Module module = load();
    ASSERT_TRUE(handleOf(module).leaveTicking());
    const auto report = module.unload(UnloadOptions{});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_NE(find(report->leaks, Resource::timer), nullptr);
  }
}

TEST_F(UnloadTest, I4DestructorFunctionsRunBeforeAnythingIsTakenFromThem) {
  std::atomic<int> closed{0};
  Module module = load();
  ASSERT_TRUE(handleOf(module).closeAtTheEnd(reinterpret_cast<std::uint64_t>(&closed)));
  const auto report = module.unload(UnloadOptions{});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(closed, 1);
  EXPECT_EQ(find(report->leaks, Resource::descriptor), nullptr) << "it gave it back";
}

// What the embedder does in a callback of the unload cannot wait for the unload.
TEST_F(UnloadTest, I4LedgerCanBeAskedFromTheWarningsCallback) {
  Module* asked = nullptr;
  int warnings = 0;
  HostOptions options;
  options.onLog = [&](const LogLine&) {
    ++warnings;
    static_cast<void>(asked->ledger());
  };
  Host host(options);
  auto module = host.load(LEAVER_MODULE,
                          Placement::inProcess({.leaks = LeakPolicies().with(Resource::descriptor, LeakPolicy::warn)}));
  ASSERT_TRUE(module) << module.error().message();
  asked = &*module;
  ASSERT_TRUE(handleOf(*module).openFile("/dev/null"));
  EXPECT_TRUE(module->unload());
  EXPECT_EQ(warnings, 1);
}

// A module that uses C++ shared libraries has the runtime of these, and a smaller ledger.
TEST_F(UnloadTest, I11ModuleOnTheSharedRuntimeHasALedgerWithoutHeap) {
  Module module = load({}, SHARED_RUNTIME_MODULE);
  const auto leaver = handleOf(module);
  const std::uint64_t place = leaver.place().value();
  ASSERT_TRUE(leaver.leakEverything());
  const Ledger ledger = module.ledger();
  EXPECT_TRUE(ledger.isKept);
  EXPECT_EQ(ledger.of(Resource::heap).count, 0u);
  EXPECT_GT(ledger.of(Resource::descriptor).count, 0u);
  EXPECT_GT(ledger.of(Resource::tlsDestructor).count, 0u);
  const auto unloaded = module.unload();
  ASSERT_TRUE(unloaded) << unloaded.error().message();
  EXPECT_FALSE(isMapped(place));
}

TEST_F(UnloadTest, I11ThreadOfAModuleOnTheSharedRuntimeRefusesItsUnload) {
  Module module = load({}, SHARED_RUNTIME_MODULE);
  Gate gate;
  const std::int32_t tid = handleOf(module).startDetached(gate.address()).value();
  auto unloaded = module.unload();
  ASSERT_FALSE(unloaded);
  gate.open();
  while (!unloaded && unloaded.error().unloadReport()->holders.front().tid == tid) unloaded = module.unload();
  EXPECT_TRUE(unloaded);
}

TEST_F(UnloadTest, I2StaticsStartFresh) {
  for (int round = 0; round < 3; ++round) {
    Module module = load();
    EXPECT_EQ(handleOf(module).staticCount().value(), 1u);
    ASSERT_TRUE(module.unload());
  }
}

}  // namespace
}  // namespace bulkhead::unload_test
