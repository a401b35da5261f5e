// The ledger's own interface (I3): registry, entries, questions, release.
#include "shared/runtime/ledger.h"

#include "shared/runtime/resources.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace {

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() : ledger_(open(module_)) {}
  ~LedgerTest() override { bulkhead_ledger_close(ledger_); }

  static BulkheadLedger* open(char (&module)[64]) {
    BulkheadLedgerOptions options{};
    options.begin = reinterpret_cast<std::uintptr_t>(&module[0]);
    options.end = options.begin + sizeof module;
    return bulkhead_ledger_open(&options);
  }

  void add(std::uint32_t kind, std::uint64_t key, const char* text = nullptr, std::uint64_t bytes = 0) {
    BulkheadLedgerEntry entry{};
    entry.kind = kind;
    entry.key = key;
    entry.call = "call";
    entry.text = text;
    entry.bytes = bytes;
    bulkhead_ledger_add(ledger_, &entry);
  }

  BulkheadLedgerTotals totals() {
    BulkheadLedgerTotals totals{};
    bulkhead_ledger_totals(ledger_, &totals);
    return totals;
  }

  std::vector<std::string> texts(std::uint32_t kind) {
    std::vector<std::string> texts;
    bulkhead_ledger_visit(
        ledger_, kind,
        [](void* context, const BulkheadLedgerEntry* entry) {
          static_cast<std::vector<std::string>*>(context)->emplace_back(entry->text != nullptr ? entry->text : "-");
        },
        &texts);
    return texts;
  }

  char module_[64] = {};
  BulkheadLedger* ledger_;
};

TEST_F(LedgerTest, IsFoundByAnyAddressOfTheModuleAndNoOther) {
  EXPECT_FALSE(bulkhead_ledger_is_used(ledger_));
  EXPECT_EQ(bulkhead_ledger_of(&module_[0]), ledger_);
  EXPECT_EQ(bulkhead_ledger_of(&module_[63]), ledger_);
  EXPECT_TRUE(bulkhead_ledger_is_used(ledger_));
  BulkheadLedger* const none = bulkhead_ledger_of(&module_[0] + sizeof module_);
  ASSERT_NE(none, nullptr);
  EXPECT_NE(none, ledger_);
  EXPECT_FALSE(bulkhead_ledger_takes_notes(none));
  EXPECT_TRUE(bulkhead_ledger_takes_notes(ledger_));
}

TEST_F(LedgerTest, NobodysLedgerTakesNoNote) {
  BulkheadLedger* const none = bulkhead_ledger_of(nullptr);
  BulkheadLedgerEntry entry{};
  entry.kind = BULKHEAD_LEDGER_TIMER;
  entry.key = 7;
  entry.call = "call";
  bulkhead_ledger_add(none, &entry);
  EXPECT_FALSE(bulkhead_ledger_holds(none, BULKHEAD_LEDGER_TIMER, 7));
  EXPECT_FALSE(bulkhead_ledger_remove(none, BULKHEAD_LEDGER_TIMER, 7));
}

TEST_F(LedgerTest, EntriesAreToldApartByKindAndKey) {
  add(BULKHEAD_LEDGER_STREAM, 1, "a");
  add(BULKHEAD_LEDGER_DIRECTORY, 1, "b");
  add(BULKHEAD_LEDGER_STREAM, 2);
  EXPECT_EQ(texts(BULKHEAD_LEDGER_STREAM), (std::vector<std::string>{"a", "-"})) << "oldest first";
  EXPECT_TRUE(bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_STREAM, 1));
  EXPECT_FALSE(bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_STREAM, 1));
  EXPECT_TRUE(bulkhead_ledger_holds(ledger_, BULKHEAD_LEDGER_DIRECTORY, 1));
  EXPECT_TRUE(bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_DIRECTORY, 1));
  EXPECT_TRUE(bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_STREAM, 2));
}

TEST_F(LedgerTest, TextsAreCopies) {
  std::string text = "before";
  add(BULKHEAD_LEDGER_TIMER, 1ull << 40, text.c_str());
  text = "after";
  EXPECT_EQ(texts(BULKHEAD_LEDGER_TIMER), std::vector<std::string>{"before"});
  bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_TIMER, 1ull << 40);
}

TEST_F(LedgerTest, TheSameKeyAgainIsOneEntry) {
  add(BULKHEAD_LEDGER_STREAM, 1, "old", 3);
  add(BULKHEAD_LEDGER_STREAM, 1, "new", 5);
  EXPECT_EQ(totals().count[BULKHEAD_LEDGER_STREAM], 1u);
  EXPECT_EQ(totals().bytes[BULKHEAD_LEDGER_STREAM], 5u);
  EXPECT_EQ(texts(BULKHEAD_LEDGER_STREAM), std::vector<std::string>{"new"});
  bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_STREAM, 1);
  EXPECT_EQ(totals().bytes[BULKHEAD_LEDGER_STREAM], 0u);
}

TEST_F(LedgerTest, RangesTakeBothEnds) {
  for (std::uint64_t key = 0; key < 1000; ++key) add(BULKHEAD_LEDGER_DESCRIPTOR, 100000 + key);
  bulkhead_ledger_remove_range(ledger_, BULKHEAD_LEDGER_DESCRIPTOR, 100010, 100899);
  EXPECT_EQ(totals().count[BULKHEAD_LEDGER_DESCRIPTOR], 110u);
  EXPECT_TRUE(bulkhead_ledger_holds(ledger_, BULKHEAD_LEDGER_DESCRIPTOR, 100009));
  EXPECT_FALSE(bulkhead_ledger_holds(ledger_, BULKHEAD_LEDGER_DESCRIPTOR, 100010));
  EXPECT_FALSE(bulkhead_ledger_holds(ledger_, BULKHEAD_LEDGER_DESCRIPTOR, 100899));
  EXPECT_TRUE(bulkhead_ledger_holds(ledger_, BULKHEAD_LEDGER_DESCRIPTOR, 100900));
  EXPECT_EQ(bulkhead_ledger_clean(ledger_, BULKHEAD_LEDGER_DESCRIPTOR), 110u) << "numbers of no open file";
}

TEST_F(LedgerTest, KeepsErrno) {
  errno = EXDEV;
  add(BULKHEAD_LEDGER_DESCRIPTOR, 100000);  // not open: its fstat fails
  EXPECT_EQ(errno, EXDEV);
  bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_DESCRIPTOR, 100000);
  EXPECT_EQ(errno, EXDEV);
}

TEST_F(LedgerTest, TwoModulesSideBySide) {
  char other[64];
  BulkheadLedger* const second = open(other);
  EXPECT_EQ(bulkhead_ledger_of(&other[1]), second);
  EXPECT_EQ(bulkhead_ledger_of(&module_[1]), ledger_);
  bulkhead_ledger_close(second);
  EXPECT_FALSE(bulkhead_ledger_takes_notes(bulkhead_ledger_of(&other[1])));
}

TEST_F(LedgerTest, ThreadsAddAndRemove) {
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([this, thread] {
      for (std::uint64_t key = 0; key < 1000; ++key) add(BULKHEAD_LEDGER_STREAM, thread * 1000 + key, "text");
      for (std::uint64_t key = 0; key < 1000; ++key) {
        EXPECT_TRUE(bulkhead_ledger_remove(ledger_, BULKHEAD_LEDGER_STREAM, thread * 1000 + key));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(totals().count[BULKHEAD_LEDGER_STREAM], 0u);
}

}  // namespace
