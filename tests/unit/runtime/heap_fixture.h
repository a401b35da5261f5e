// A ledger for whatever addresses, and questions to it.
#pragma once

#include "shared/runtime/heap.h"
#include "shared/runtime/ledger.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define BULKHEAD_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BULKHEAD_UNDER_TSAN 1
#endif
#endif
#ifndef BULKHEAD_UNDER_TSAN
#define BULKHEAD_UNDER_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define BULKHEAD_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BULKHEAD_UNDER_ASAN 1
#endif
#endif
#ifndef BULKHEAD_UNDER_ASAN
#define BULKHEAD_UNDER_ASAN 0
#endif

namespace bulkhead {

class HeapTest : public ::testing::Test {
 public:
  static constexpr std::uintptr_t kBegin = 0x10000;

 protected:
  HeapTest() : ledger_(open()) {}
  ~HeapTest() override { bulkhead_ledger_close(ledger_); }

  static BulkheadLedger* open(std::uint32_t aborts = 0) {
    const BulkheadLedgerOptions options{kBegin, kBegin + 0x100000, aborts};
    BulkheadLedger* const ledger = bulkhead_ledger_open(&options);
    EXPECT_NE(ledger, nullptr);
    return ledger;
  }
  static const void* site(std::uintptr_t offset) { return reinterpret_cast<const void*>(kBegin + offset); }

  void* make(std::size_t size, std::uintptr_t offset = 0x40) {
    return bulkhead_heap_malloc(ledger_, size, site(offset));
  }
  void drop(void* pointer, std::uintptr_t offset = 0x80) { bulkhead_heap_free(ledger_, pointer, site(offset)); }

  static BulkheadLedgerTotals totalsOf(BulkheadLedger* ledger) {
    BulkheadLedgerTotals totals;
    bulkhead_ledger_totals(ledger, &totals);
    return totals;
  }
  std::uint64_t count() const { return totalsOf(ledger_).count[BULKHEAD_LEDGER_HEAP]; }
  std::uint64_t bytes() const { return totalsOf(ledger_).bytes[BULKHEAD_LEDGER_HEAP]; }

  std::vector<BulkheadLedgerEntry> entries() const {
    std::vector<BulkheadLedgerEntry> all;
    bulkhead_ledger_visit(
        ledger_, BULKHEAD_LEDGER_HEAP,
        [](void* context, const BulkheadLedgerEntry* entry) {
          static_cast<std::vector<BulkheadLedgerEntry>*>(context)->push_back(*entry);
        },
        &all);
    return all;
  }
  std::vector<BulkheadBadFree> badFrees() const {
    std::vector<BulkheadBadFree> all;
    bulkhead_ledger_bad_frees(
        ledger_,
        [](void* context, const BulkheadBadFree* bad) {
          static_cast<std::vector<BulkheadBadFree>*>(context)->push_back(*bad);
        },
        &all);
    return all;
  }

  BulkheadLedger* const ledger_;
};

}  // namespace bulkhead
