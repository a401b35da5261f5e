// Threat 24: a thousand kills and recoveries leave nothing behind; and waiting costs nothing. Alone on the machine.
#include "tests/census.h"

#include "tests/hostile/fixture.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace bulkhead::hostile {
namespace {

using testing::children;
using testing::entriesOf;
using testing::linesOf;
using testing::privateFiles;

struct Census {
  std::int64_t descriptors = entriesOf("/proc/self/fd");
  std::int64_t threads = entriesOf("/proc/self/task");
  std::int64_t processes = children();
  std::int64_t sharedMemory = entriesOf("/dev/shm");
  std::int64_t files = privateFiles();
  std::int64_t maps = linesOf("/proc/self/maps");

  bool operator==(const Census&) const = default;
  friend std::ostream& operator<<(std::ostream& to, const Census& census) {
    return to << census.descriptors << " descriptors, " << census.threads << " threads, " << census.processes
              << " processes, " << census.sharedMemory << " in /dev/shm, " << census.files << " files, " << census.maps
              << " maps";
  }
};

// A map more or less is the allocator's own affair, and the pool that starts workers grows to eight threads where two
// have something to do at once; a leak is one a cycle.
bool back(const Census& before, const Census& after, std::int64_t cycles) {
  Census same = after;
  same.maps = before.maps;
  same.threads = before.threads;
  return same == before && after.maps - before.maps < cycles / 10 + 16 && after.threads - before.threads < 8;
}

// What a worker or a load held is given back a moment after its end was told.
Census settle(const Census& before, std::int64_t cycles) {
  Census now;
  for (int look = 0; look < 500 && !back(before, now, cycles); ++look) {
    std::this_thread::sleep_for(10ms);
    now = Census();
  }
  return now;
}

class CensusTest : public HostileTest {
 protected:
  void cycle(const faults::host::Faults& faults, int turn) {
    constexpr Fault kFaults[] = {Fault::busyLoop, Fault::segmentation, Fault::exitZero, Fault::kill};
    const Fault fault = kFaults[turn % 4];
    const auto outcome =
        fault == Fault::busyLoop ? faults.within(3ms).misbehave(fault) : faults.within(kLong).misbehave(fault);
    ASSERT_FALSE(outcome);
    const auto pong = faults.within(kLong).ping(turn);
    ASSERT_TRUE(pong) << pong.error().message();
    ASSERT_EQ(*pong, turn);
  }
};

TEST_F(CensusTest, Threat24ThousandKillsAndRecoveriesLeaveNothing) {
  const int cycles = kSanitized ? 100 : 1'000;
  auto module = load();
  const auto faults = handleOf(module);
  for (int turn = 0; turn < 40; ++turn) cycle(faults, turn);
  static_cast<void>(heard_.exits(40));
  std::this_thread::sleep_for(200ms);
  const Census before;
  for (int turn = 0; turn < cycles; ++turn) cycle(faults, turn);
  const auto exits = heard_.exits(40 + static_cast<std::size_t>(cycles));
  const Census after = settle(before, cycles);
  EXPECT_TRUE(back(before, after, cycles)) << "before: " << before << "\nafter:  " << after;
  EXPECT_EQ(before.processes, 1);
  std::printf("%d cycles: %lld descriptors, %lld threads, %lld processes, %lld maps (%lld before)\n", cycles,
              static_cast<long long>(after.descriptors), static_cast<long long>(after.threads),
              static_cast<long long>(after.processes), static_cast<long long>(after.maps),
              static_cast<long long>(before.maps));
  EXPECT_EQ(exits.size(), 40u + static_cast<std::size_t>(cycles));
  EXPECT_EQ(module.generation(), 41u + static_cast<std::uint64_t>(cycles));
}

TEST_F(CensusTest, Threat24LoadsAndUnloadsLeaveNothing) {
  const int cycles = kSanitized ? 20 : 200;
  const auto turn = [&] {
    auto module = load();
    ASSERT_TRUE(handleOf(module).within(kLong).ping(1));
    ASSERT_TRUE(module.unload());
  };
  for (int i = 0; i < 10; ++i) turn();
  const Census before;
  for (int i = 0; i < cycles; ++i) turn();
  const Census after = settle(before, cycles);
  EXPECT_TRUE(back(before, after, cycles)) << "before: " << before << "\nafter:  " << after;
  EXPECT_EQ(after.processes, 0);
}

TEST_F(CensusTest, FailedLoadsLeaveNothing) {
  const int cycles = kSanitized ? 10 : 50;
  imports_.loadFault = Fault::exitZero;
  for (int i = 0; i < 5; ++i) static_cast<void>(tryLoad());
  std::this_thread::sleep_for(200ms);
  const Census before;
  for (int i = 0; i < cycles; ++i) EXPECT_FALSE(tryLoad());
  const Census after = settle(before, cycles);
  EXPECT_TRUE(back(before, after, cycles)) << "before: " << before << "\nafter:  " << after;
}

TEST(HostCensus, HostThatIsGoneLeavesNothing) {
  const auto turn = [] {
    Imports imports;
    Host host;
    auto module = host.load(FAULTS_MODULE, Placement::isolated(), imports).value();
    ASSERT_TRUE(handleOf(module).within(kLong).ping(1));
  };
  turn();
  const Census before;
  for (int i = 0; i < 20; ++i) turn();
  const Census after = settle(before, 20);
  EXPECT_TRUE(back(before, after, 20)) << "before: " << before << "\nafter:  " << after;
  EXPECT_EQ(after.processes, 0);
}

// ---- idle

// User and system time of a process in clock ticks.
std::int64_t ticksOf(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const char* at = line.c_str() + line.rfind(')') + 2;
  std::int64_t ticks = 0;
  std::string field;
  std::istringstream fields(at);
  for (int i = 3; fields >> field; ++i) {
    if (i == 14 || i == 15) ticks += std::atoll(field.c_str());
  }
  return ticks;
}

TEST_F(CensusTest, IdleCostsNoProcessorTime) {
  auto module = load();
  auto other = load({}, "other");
  std::vector<std::thread> callers;
  std::atomic<bool> done{false};
  // Lanes of several threads, all of them idle, and one call under way whose import takes its time.
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      expectServes(handleOf(module));
      done.wait(false);
    });
  }
  callers.emplace_back([&] { EXPECT_TRUE(handleOf(other).within(kLong).spend(0, 2'000, 0)); });
  while (imports_.spends == 0) std::this_thread::yield();
  std::this_thread::sleep_for(200ms);
  const int pids[] = {::getpid(), module.workerPid().value(), other.workerPid().value()};
  std::int64_t ticks = 0;
  for (const int pid : pids) ticks -= ticksOf(pid);
  std::this_thread::sleep_for(1s);
  for (const int pid : pids) ticks += ticksOf(pid);
  EXPECT_LT(ticks, ::sysconf(_SC_CLK_TCK) / 5) << "ticks of host and workers in an idle second";
  done = true;
  done.notify_all();
  for (auto& caller : callers) caller.join();
}

}  // namespace
}  // namespace bulkhead::hostile
