// I2: many cycles of load, call, leak everything, unload grow nothing. In a process of its own.
#include "tests/unload/fixture.h"

#include <dirent.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace bulkhead::unload_test {
namespace {

struct Footprint {
  std::uint64_t residentKib = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t maps = 0;
};

std::uint64_t linesOf(const char* path) {
  std::ifstream file(path);
  std::uint64_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  return lines;
}

// Counted page by page: what /proc/self/status says is put together from the CPUs' own counts on some kernels.
std::uint64_t residentKib() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;) {
    if (word != "Rss:") continue;
    std::uint64_t value = 0;
    file >> value;
    return value;
  }
  return 0;
}

std::uint64_t descriptors() {
  std::uint64_t count = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

Footprint footprint() { return {residentKib(), descriptors(), linesOf("/proc/self/maps")}; }

int cycles() {
  const char* const asked = std::getenv("BULKHEAD_CYCLES");
  return asked != nullptr ? std::atoi(asked) : 2000;
}

class CyclesTest : public UnloadTest {
 protected:
  void cycle() {
    Module module = load();
    const auto leaver = handleOf(module);
    ASSERT_EQ(leaver.staticCount().value(), 1u);
    ASSERT_TRUE(leaver.leakEverything());
    const std::uint64_t place = leaver.place().value();
    const auto unloaded = module.unload();
    ASSERT_TRUE(unloaded) << unloaded.error().message();
    ASSERT_FALSE(isMapped(place));
  }
};

TEST_F(CyclesTest, I2CyclesOfLoadCallLeakUnloadGrowNothing) {
  if (!kHeapIsKept) GTEST_SKIP() << "under a sanitizer modules have the shared runtime, whose own files stay open";
  const int all = cycles();
  Footprint warm = footprint();  // the first look itself takes memory
  for (int n = 0; n < all; ++n) {
    if (n == all / 4) warm = footprint();
    ASSERT_NO_FATAL_FAILURE(cycle()) << "cycle " << n;
  }
  const Footprint end = footprint();
  std::cout << all << " cycles: RSS " << warm.residentKib << " -> " << end.residentKib << " KiB, descriptors "
            << warm.descriptors << " -> " << end.descriptors << ", maps " << warm.maps << " -> " << end.maps << "\n";
  EXPECT_EQ(warm.descriptors, end.descriptors);
  EXPECT_EQ(warm.maps, end.maps);
  EXPECT_LE(end.residentKib, warm.residentKib);
}

}  // namespace
}  // namespace bulkhead::unload_test
