// What a module does with memory works under its hooks as it does without. In-process, where a ledger is kept, the
// ledger has each block. (I3)
#include "hoarder.host.h"
#include "tests/conformance/modules.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace bulkhead::conformance {
namespace {

class HoarderTest : public testing::EveryPlacement<hoarder::host::Hoarder> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("hoarder"); }

  bool hasLedger() { return module().ledger().isKept && isHeapHooked(); }
  std::uint64_t blocks() { return module().ledger().of(Resource::heap).count; }
  static bool isHeapHooked() {
#ifdef IS_SANITIZED
    return false;  // the sanitizer's own
#else
    return true;
#endif
  }
};
BULKHEAD_EVERY_PLACEMENT(HoarderTest);

TEST_P(HoarderTest, EveryFunctionsBlockIsTheModulesOwn) {
  const auto names = subject().ways().value();
  ASSERT_GT(names.size(), 20u);
  for (std::uint32_t way = 0; way < names.size(); ++way) {
    SCOPED_TRACE(names[way]);
    if (names[way].starts_with("new") && !isHeapHooked()) continue;  // free does not go with it there
    const std::uint64_t before = blocks();
    const auto address = subject().hoard(way);
    ASSERT_TRUE(address) << address.error().text();
    if (hasLedger()) {
      EXPECT_EQ(blocks(), before + 1);
    }
    ASSERT_TRUE(subject().giveBack(*address));
    EXPECT_EQ(blocks(), before);
  }
  EXPECT_THAT(module().ledger().badFrees, ::testing::IsEmpty());
}

TEST_P(HoarderTest, WhatWasNotFreedIsNamed) {
  if (!hasLedger()) return;
  const auto names = subject().ways().value();
  for (std::uint32_t way = 0; way < names.size(); ++way) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(subject().hoard(way));
  }
  // A call in tail position has its caller's site, so several ways may share one.
  std::size_t blocks = 0;
  std::size_t sites = 0;
  for (const Acquired& each : module().ledger().entries) {
    if (each.kind != Resource::heap) continue;
    EXPECT_NE(each.siteOffset, 0u);
    blocks += each.count;
    ++sites;
  }
  EXPECT_GE(blocks, 3 * names.size());
  EXPECT_GE(sites, names.size() / 3);
  EXPECT_TRUE(module().unload());
}

TEST_P(HoarderTest, ThreadsFreeEachOthersBlocks) {
  ASSERT_TRUE(subject().acrossThreads(1));
  const std::uint64_t before = blocks();
  ASSERT_TRUE(subject().acrossThreads(2000));
  EXPECT_EQ(blocks(), before);
  EXPECT_THAT(module().ledger().badFrees, ::testing::IsEmpty());
}

TEST_P(HoarderTest, LinesOfAnyLengthAreRead) {
  const std::string wide(1000, 'x');
  EXPECT_THAT(subject().lines("a\n\n" + wide + "\nlast").value(),
              ::testing::ElementsAre("a\n", "\n", wide + "\n", "last"));
}

#ifndef IS_SANITIZED  // whose operator new ends the process where memory is refused
TEST_P(HoarderTest, EveryFormOfNewAndDeleteWorks) {
  ASSERT_TRUE(subject().objects(1));
  const std::uint64_t before = blocks();
  const auto answer = subject().objects(100);
  EXPECT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(blocks(), before);
  EXPECT_THAT(module().ledger().badFrees, ::testing::IsEmpty());
}
#endif

TEST_P(HoarderTest, ABadFreeIsReportedAndTheModuleWorksOn) {
  if (!hasLedger()) return;  // libc ends the process
  ASSERT_TRUE(subject().giveBack(reinterpret_cast<std::uint64_t>(std::malloc(100))));
  ASSERT_TRUE(subject().giveBackTwice(100));
  const auto bad = module().ledger().badFrees;
  ASSERT_EQ(bad.size(), 2u);
  EXPECT_NE(bad[0].isDouble, bad[1].isDouble);
  for (const BadFree& each : bad) EXPECT_NE(each.siteOffset, 0u);
  EXPECT_TRUE(subject().acrossThreads(10));
}

}  // namespace
}  // namespace bulkhead::conformance
