// A host that loads, calls and unloads a module over and over is as large as before: its address space is equal, to the
// page. In a program of its own, with one arena, so that nothing else moves it. (I2)
#include "counter.host.h"
#include "tests/census.h"

#include <bulkhead/host.h>

#include <gtest/gtest.h>
#include <malloc.h>
#include <pthread.h>

#include <fstream>
#include <ostream>
#include <string>

namespace bulkhead::conformance {
namespace {

using counter::host::Counter;

struct Row {
  const char* name;
  Placement placement;
  const char* file;

  friend std::ostream& operator<<(std::ostream& to, const Row& row) { return to << row.name; }
};

class MemoryTest : public ::testing::TestWithParam<Row> {
 protected:
  void cycle(int times) {
    for (int i = 0; i < times; ++i) {
      auto module = host_.load(GetParam().file, GetParam().placement);
      ASSERT_TRUE(module) << module.error().message();
      ASSERT_EQ(module->get<Counter>().value().next().value(), 1u);
      const auto unloaded = module->unload();
      ASSERT_TRUE(unloaded) << unloaded.error().message();
    }
  }

  // All that is mapped, in pages, but for the stacks of threads: a pool has as many as had something to do at once.
  static std::int64_t pages() {
    std::int64_t all = 0;
    std::ifstream("/proc/self/statm") >> all;
    return all - testing::entriesOf("/proc/self/task") * stackPages();
  }

  Host host_;

 private:
  static std::int64_t stackPages() {
    pthread_attr_t attributes;
    std::size_t stack = 0;
    std::size_t guard = 0;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_getstacksize(&attributes, &stack);
    ::pthread_attr_getguardsize(&attributes, &guard);
    ::pthread_attr_destroy(&attributes);
    return static_cast<std::int64_t>(stack + guard) / ::sysconf(_SC_PAGESIZE);
  }
};

INSTANTIATE_TEST_SUITE_P(Placement, MemoryTest,
                         ::testing::Values(Row{"SharedRuntimeInProcess", Placement::inProcess(), SHARED_RUNTIME_MODULE},
                                           Row{"OwnRuntimeInProcess", Placement::inProcess(), OWN_RUNTIME_MODULE},
                                           Row{"SharedRuntimeIsolated", Placement::isolated(), SHARED_RUNTIME_MODULE},
                                           Row{"OwnRuntimeIsolated", Placement::isolated(), OWN_RUNTIME_MODULE}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(MemoryTest, AddressSpaceIsEqualAfterManyLoads) {
#if defined(IS_SANITIZED)
  GTEST_SKIP() << "a sanitizer keeps what is freed";
#endif
  ::mallopt(M_ARENA_MAX, 1);
  cycle(50);
  const std::int64_t before = pages();
  cycle(300);
  EXPECT_EQ(pages(), before);
}

}  // namespace
}  // namespace bulkhead::conformance
