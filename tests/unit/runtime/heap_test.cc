// The heap of a ledger, from one thread. (I3)
#include "tests/unit/runtime/heap_fixture.h"

#include <malloc.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace bulkhead {
namespace {

constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max();

bool isAligned(const void* pointer, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0;
}

TEST_F(HeapTest, ABlockIsInTheLedgerUntilItIsFreed) {
  void* const pointer = make(100, 0x1234);
  ASSERT_NE(pointer, nullptr);
  std::memset(pointer, 0xff, 100);
  const auto held = entries();
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].key, reinterpret_cast<std::uintptr_t>(pointer));
  EXPECT_EQ(held[0].bytes, 100u);
  EXPECT_EQ(held[0].site, site(0x1234));
  EXPECT_STREQ(held[0].call, "malloc");
  EXPECT_EQ(held[0].kind, static_cast<std::uint32_t>(BULKHEAD_LEDGER_HEAP));
  EXPECT_EQ(bytes(), 100u);
  drop(pointer);
  EXPECT_TRUE(entries().empty());
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(bytes(), 0u);
  EXPECT_TRUE(badFrees().empty());
}

TEST_F(HeapTest, EverySizeIsServedAndAligned) {
  std::vector<void*> all;
  std::uint64_t sum = 0;
  for (const std::size_t size : {0u, 1u, 7u, 8u, 24u, 100u, 4096u, 16383u, 16384u, 40000u, 200000u, 5000000u}) {
    void* const pointer = make(size);
    ASSERT_NE(pointer, nullptr) << size;
    EXPECT_TRUE(isAligned(pointer, 16)) << size;
    std::memset(pointer, 1, size);
    EXPECT_EQ(bulkhead_heap_usable_size(ledger_, pointer), size);
    all.push_back(pointer);
    sum += size;
  }
  EXPECT_EQ(count(), all.size());
  EXPECT_EQ(bytes(), sum);
  for (void* const pointer : all) drop(pointer);
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(bytes(), 0u);
}

TEST_F(HeapTest, FreeingNothingIsNothing) {
  drop(nullptr);
  EXPECT_EQ(bulkhead_heap_usable_size(ledger_, nullptr), 0u);
  EXPECT_TRUE(badFrees().empty());
}

TEST_F(HeapTest, CallocIsZeroAndSeesOverflow) {
  auto* const bytes = static_cast<unsigned char*>(bulkhead_heap_calloc(ledger_, 100, 3, site(1)));
  ASSERT_NE(bytes, nullptr);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(bytes[i], 0);
  drop(bytes);
  errno = 0;
  EXPECT_EQ(bulkhead_heap_calloc(ledger_, kHuge / 2, 3, site(1)), nullptr);
  EXPECT_EQ(errno, ENOMEM);
}

TEST_F(HeapTest, WhatNobodyHasIsRefused) {
  if (BULKHEAD_UNDER_TSAN) GTEST_SKIP() << "TSan ends the process where memory is refused";
  for (const std::size_t size : {kHuge, kHuge - 31, kHuge / 2, kHuge >> 16, std::size_t{1} << 47}) {
    errno = 0;
    EXPECT_EQ(make(size), nullptr) << size;
    EXPECT_EQ(errno, ENOMEM);
    errno = 0;
    EXPECT_EQ(bulkhead_heap_calloc(ledger_, 1, size, site(1)), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    errno = 0;
    EXPECT_EQ(bulkhead_heap_aligned(ledger_, 64, size, site(1)), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    void* const kept = make(10, 0x77);
    std::memset(kept, 7, 10);
    errno = 0;
    EXPECT_EQ(bulkhead_heap_realloc(ledger_, kept, size, site(1)), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    ASSERT_EQ(entries().size(), 1u);
    EXPECT_EQ(entries()[0].site, site(0x77));
    EXPECT_EQ(static_cast<char*>(kept)[9], 7);
    drop(kept);
  }
}

TEST_F(HeapTest, AlignmentsAreAsAsked) {
  for (std::size_t alignment = 1; alignment <= 1 << 16; alignment *= 2) {
    for (const std::size_t size : {0u, 1u, 100u, 20000u}) {
      void* const pointer = bulkhead_heap_aligned(ledger_, alignment, size, site(0x99));
      ASSERT_NE(pointer, nullptr);
      EXPECT_TRUE(isAligned(pointer, alignment)) << alignment;
      std::memset(pointer, 3, size);
      EXPECT_EQ(bytes(), size);
      drop(pointer);
    }
  }
  void* const odd = bulkhead_heap_aligned(ledger_, 48, 10, site(0x99));  // glibc rounds up
  EXPECT_TRUE(isAligned(odd, 64));
  drop(odd);
  errno = 0;
  EXPECT_EQ(bulkhead_heap_aligned(ledger_, kHuge, 10, site(0x99)), nullptr);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(count(), 0u);
  EXPECT_TRUE(badFrees().empty());
}

TEST_F(HeapTest, ReallocKeepsTheBytesAndNamesItsOwnCaller) {
  auto* text = static_cast<char*>(bulkhead_heap_realloc(ledger_, nullptr, 6, site(0x10)));
  std::strcpy(text, "bytes");
  for (const std::size_t size : {100u, 6u, 20000u, 1000000u, 7u}) {  // small and large, both ways
    text = static_cast<char*>(bulkhead_heap_realloc(ledger_, text, size, site(size)));
    ASSERT_NE(text, nullptr);
    EXPECT_STREQ(text, "bytes");
    ASSERT_EQ(entries().size(), 1u);
    EXPECT_EQ(entries()[0].bytes, size);
    EXPECT_EQ(entries()[0].site, site(size));
  }
  EXPECT_EQ(bulkhead_heap_realloc(ledger_, text, 0, site(0x10)), nullptr);
  EXPECT_EQ(count(), 0u);
}

TEST_F(HeapTest, AWidelyAlignedBlockIsReallocated) {
  auto* text = static_cast<char*>(bulkhead_heap_aligned(ledger_, 4096, 6, site(0x10)));
  std::strcpy(text, "bytes");
  text = static_cast<char*>(bulkhead_heap_realloc(ledger_, text, 5000, site(0x11)));
  EXPECT_STREQ(text, "bytes");
  drop(text);
  EXPECT_EQ(count(), 0u);
  EXPECT_TRUE(badFrees().empty());
}

TEST_F(HeapTest, AForeignBlockIsReportedOncePerSiteAndFreed) {
  if (BULKHEAD_UNDER_TSAN) GTEST_SKIP() << "TSan's allocator has unmapped memory before its first block";
  for (int i = 0; i < 3; ++i) drop(std::malloc(10), 0x500);
  drop(std::malloc(10), 0x600);
  const auto bad = badFrees();
  ASSERT_EQ(bad.size(), 2u);
  for (const BulkheadBadFree& each : bad) {
    EXPECT_FALSE(each.is_double);
    EXPECT_EQ(each.count, each.site == site(0x500) ? 3u : 1u);
  }
  EXPECT_EQ(totalsOf(ledger_).foreign_frees, 4u);
}

TEST_F(HeapTest, AForeignBlockIsReportedByReallocAndGrows) {
  if (BULKHEAD_UNDER_TSAN) GTEST_SKIP() << "TSan's allocator has unmapped memory before its first block";
  auto* text = static_cast<char*>(std::malloc(6));
  std::strcpy(text, "bytes");
  EXPECT_GE(bulkhead_heap_usable_size(ledger_, text), 6u);
  EXPECT_TRUE(badFrees().empty());  // a question is no free
  text = static_cast<char*>(bulkhead_heap_realloc(ledger_, text, 5000, site(0x700)));
  EXPECT_STREQ(text, "bytes");
  ASSERT_EQ(badFrees().size(), 1u);
  EXPECT_EQ(badFrees()[0].site, site(0x700));
  std::free(text);  // libc's still
}

TEST_F(HeapTest, FreedTwiceIsReportedAndLeft) {
  void* const pointer = make(40);
  drop(pointer);
  drop(pointer, 0x300);
  errno = 0;
  EXPECT_EQ(bulkhead_heap_realloc(ledger_, pointer, 80, site(0x301)), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  EXPECT_EQ(bulkhead_heap_usable_size(ledger_, pointer), 0u);
  const auto bad = badFrees();
  ASSERT_EQ(bad.size(), 2u);
  for (const BulkheadBadFree& each : bad) {
    EXPECT_TRUE(each.is_double);
    EXPECT_EQ(each.pointer, pointer);
  }
  EXPECT_EQ(totalsOf(ledger_).double_frees, 2u);
  EXPECT_EQ(count(), 0u);
}

TEST_F(HeapTest, AnotherModulesBlockIsReportedAndFreedThere) {
  BulkheadLedger* const other = open();
  for (const std::size_t size : {10u, 100000u}) {
    void* const pointer = bulkhead_heap_malloc(other, size, site(1));
    drop(pointer, 0x400);
    EXPECT_EQ(totalsOf(other).count[BULKHEAD_LEDGER_HEAP], 0u);
  }
  EXPECT_EQ(totalsOf(ledger_).foreign_frees, 2u);
  EXPECT_EQ(totalsOf(other).foreign_frees, 0u);
  bulkhead_ledger_close(other);
}

TEST_F(HeapTest, LedgersDoNotMix) {
  BulkheadLedger* const other = open();
  std::vector<void*> ours, theirs;
  for (int i = 0; i < 100; ++i) {
    ours.push_back(make(10));
    theirs.push_back(bulkhead_heap_malloc(other, 20, site(1)));
  }
  EXPECT_EQ(bytes(), 1000u);
  EXPECT_EQ(totalsOf(other).bytes[BULKHEAD_LEDGER_HEAP], 2000u);
  bulkhead_ledger_close(other);
  EXPECT_EQ(bytes(), 1000u);
  for (void* const pointer : ours) drop(pointer);
  EXPECT_EQ(count(), 0u);
}

TEST_F(HeapTest, ANewLedgerUnderAnOldNumberIsEmpty) {
  for (int i = 0; i < 100; ++i) {
    BulkheadLedger* const next = open();
    EXPECT_EQ(totalsOf(next).count[BULKHEAD_LEDGER_HEAP], 0u);
    bulkhead_heap_malloc(next, 100, site(1));
    EXPECT_EQ(totalsOf(next).count[BULKHEAD_LEDGER_HEAP], 1u);
    bulkhead_ledger_close(next);
  }
  EXPECT_EQ(count(), 0u);
}

TEST_F(HeapTest, ClosingFreesEverything) {
  if (BULKHEAD_UNDER_ASAN || BULKHEAD_UNDER_TSAN) GTEST_SKIP() << "a sanitizer's allocator does not say what is used";
  const auto cycle = [] {
    BulkheadLedger* const ledger = open();
    for (std::size_t size = 0; size < 40000; size += 200) {
      bulkhead_heap_malloc(ledger, size, site(1));
      bulkhead_heap_aligned(ledger, 256, size, site(1));
    }
    bulkhead_heap_malloc(ledger, 10'000'000, site(1));
    bulkhead_ledger_close(ledger);
  };
  cycle();  // what is kept for the next ledger is made here
  const struct mallinfo2 before = ::mallinfo2();
  for (int i = 0; i < 20; ++i) cycle();
  const struct mallinfo2 after = ::mallinfo2();
  // Of more than 300 MB; what glibc's thread cache holds counts as used.
  EXPECT_LT(after.uordblks + after.hblkhd, before.uordblks + before.hblkhd + 1'000'000);
}

TEST_F(HeapTest, WithoutALedgerEverythingIsLibcs) {
  int here = 0;
  BulkheadLedger* const none = bulkhead_ledger_of(&here);
  ASSERT_NE(none, nullptr);
  void* pointer = bulkhead_heap_malloc(none, 10, site(1));
  pointer = bulkhead_heap_realloc(none, pointer, 100, site(1));
  EXPECT_GE(::malloc_usable_size(pointer), 100u);
  std::free(pointer);
  bulkhead_heap_free(none, std::malloc(1), site(1));
  bulkhead_heap_free(none, bulkhead_heap_calloc(none, 3, 4, site(1)), site(1));
  pointer = bulkhead_heap_aligned(none, 64, 10, site(1));
  EXPECT_TRUE(isAligned(pointer, 64));
  bulkhead_heap_free(none, pointer, site(1));
  bulkhead_heap_free(none, nullptr, site(1));
  EXPECT_EQ(totalsOf(none).foreign_frees, 0u);
}

using HeapDeathTest = HeapTest;

TEST_F(HeapDeathTest, AStrictLedgerAborts) {
  if (BULKHEAD_UNDER_TSAN) GTEST_SKIP() << "TSan's allocator has unmapped memory before its first block";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  BulkheadLedger* const strict = open(1);
  void* const pointer = bulkhead_heap_malloc(strict, 10, site(1));
  bulkhead_heap_free(strict, pointer, site(1));
  EXPECT_DEATH(bulkhead_heap_free(strict, pointer, site(0x123)), "it freed before.*offset 0x123");
  void* const foreign = std::malloc(10);
  EXPECT_DEATH(bulkhead_heap_free(strict, foreign, site(0x321)), "it did not allocate.*offset 0x321");
  std::free(foreign);
  bulkhead_ledger_close(strict);
}

}  // namespace
}  // namespace bulkhead
