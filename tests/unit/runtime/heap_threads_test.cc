// The heap of a ledger, from many threads. (I3, I5)
#include "tests/unit/runtime/heap_fixture.h"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace bulkhead {
namespace {

constexpr bool kSanitized = BULKHEAD_UNDER_ASAN || BULKHEAD_UNDER_TSAN;
constexpr int kRounds = kSanitized ? 2'000 : 50'000;

class HeapThreadsTest : public HeapTest {
 protected:
  // Allocates, grows and frees; each block is filled with its own number. Returns what it left.
  std::vector<unsigned char*> churn(unsigned seed, int rounds) {
    std::array<unsigned char*, 64> all{};
    for (int round = 0; round < rounds; ++round) {
      seed = seed * 1664525 + 1013904223;
      const unsigned place = (seed >> 8) % all.size();
      const std::size_t size = 1 + (seed >> 16) % ((seed & 15) == 0 ? 40000 : 600);
      unsigned char*& pointer = all[place];
      if (pointer != nullptr && *pointer != place) ++spoiled_;
      if (seed & 64) {
        pointer = static_cast<unsigned char*>(bulkhead_heap_realloc(ledger_, pointer, size, site(1)));
      } else {
        drop(pointer);
        pointer = static_cast<unsigned char*>(make(size));
      }
      std::memset(pointer, static_cast<int>(place), size);
    }
    std::vector<unsigned char*> left;
    for (unsigned char* const pointer : all) {
      if (pointer != nullptr) left.push_back(pointer);
    }
    return left;
  }

  std::atomic<std::uint64_t> spoiled_{0};
};

TEST_F(HeapThreadsTest, WhatOneThreadMadeAnotherFrees) {
  std::vector<void*> all;
  std::thread([&] {
    for (std::size_t i = 0; i < 1000; ++i) all.push_back(make(i * 37 % 20000));
  }).join();
  EXPECT_EQ(count(), 1000u);
  std::thread([&] {
    for (void* const pointer : all) drop(pointer);
  }).join();
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(bytes(), 0u);
  EXPECT_TRUE(badFrees().empty());
}

// The owner lives and does nothing: what others free of it goes back all the same.
TEST_F(HeapThreadsTest, MemoryOfAQuietThreadGoesBack) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's allocator does not say what is used";
  std::vector<void*> all(20'000);
  for (void*& pointer : all) pointer = make(1000);
  const auto held = ::mallinfo2().uordblks;
  std::thread([&] {
    for (void* const pointer : all) drop(pointer);
  }).join();
  EXPECT_LT(::mallinfo2().uordblks, held - 19'000'000);
}

TEST_F(HeapThreadsTest, FreedTwiceIsSeenAcrossThreads) {
  void* const pointer = make(40);
  std::thread([&] {
    drop(pointer);
    drop(pointer, 0x222);
  }).join();
  ASSERT_EQ(badFrees().size(), 1u);
  EXPECT_TRUE(badFrees()[0].is_double);
  EXPECT_EQ(badFrees()[0].site, site(0x222));
  EXPECT_EQ(count(), 0u);
}

TEST_F(HeapThreadsTest, ReallocOfAnotherThreadsBlockMovesIt) {
  auto* text = static_cast<char*>(make(6));
  std::strcpy(text, "bytes");
  std::thread([&] { text = static_cast<char*>(bulkhead_heap_realloc(ledger_, text, 300, site(9))); }).join();
  EXPECT_STREQ(text, "bytes");
  ASSERT_EQ(entries().size(), 1u);
  EXPECT_EQ(entries()[0].site, site(9));
  drop(text);
  EXPECT_EQ(count(), 0u);
}

TEST_F(HeapThreadsTest, QuestionsAreAnsweredWhileThreadsAllocate) {
  std::array<std::vector<unsigned char*>, 4> left;
  std::atomic<int> running{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < left.size(); ++i) {
    ++running;
    threads.emplace_back([&, i] {
      left[i] = churn(i, kRounds);
      --running;
    });
  }
  do {
    for (const BulkheadLedgerEntry& entry : entries()) ASSERT_LE(entry.bytes, 40000u);
    EXPECT_LE(count(), 4u * 64);
  } while (running != 0);
  for (std::thread& thread : threads) thread.join();
  std::uint64_t expected = 0;
  for (const auto& each : left) expected += each.size();
  EXPECT_EQ(count(), expected);
  EXPECT_EQ(entries().size(), expected);
  EXPECT_EQ(spoiled_, 0u);
  EXPECT_TRUE(badFrees().empty());
}

// Producers and consumers: each block is made by one thread and freed by another, while both work.
TEST_F(HeapThreadsTest, BlocksWanderBetweenThreads) {
  std::array<std::atomic<void*>, 256> shelf{};
  const auto trade = [&](unsigned seed) {
    for (int round = 0; round < kRounds; ++round) {
      seed = seed * 1664525 + 1013904223;
      void* const made = make(1 + (seed >> 16) % 300);
      std::memset(made, 1, 1);
      drop(shelf[(seed >> 8) % shelf.size()].exchange(made));
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(trade, i);
  for (std::thread& thread : threads) thread.join();
  std::uint64_t expected = 0;
  for (const auto& place : shelf) expected += place != nullptr;
  EXPECT_EQ(count(), expected);
  for (const auto& place : shelf) drop(place);
  EXPECT_EQ(count(), 0u);
  EXPECT_TRUE(badFrees().empty());
}

// A module that starts a thread for each request must not make the host grow.
TEST_F(HeapThreadsTest, ThreadsThatComeAndGoShareWhatTheyNeed) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's allocator does not say what is used";
  const auto request = [&] { std::thread([&] { drop(make(100)); }).join(); };
  for (int i = 0; i < 20; ++i) request();
  const auto before = ::mallinfo2().uordblks;
  for (int i = 0; i < 500; ++i) request();
  EXPECT_LT(::mallinfo2().uordblks, before + 4096);
}

TEST_F(HeapThreadsTest, ThreadsExitWhileLedgersClose) {
  for (int cycle = 0; cycle < (kSanitized ? 20 : 200); ++cycle) {
    BulkheadLedger* const ledger = open();
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        bulkhead_heap_malloc(ledger, 100, site(1));
        bulkhead_heap_malloc(ledger_, 100, site(1));
        ++done;  // and then exits, beside the close
      });
    }
    while (done != 3) std::this_thread::yield();
    EXPECT_EQ(totalsOf(ledger).count[BULKHEAD_LEDGER_HEAP], 3u);
    bulkhead_ledger_close(ledger);
    for (std::thread& thread : threads) thread.join();
  }
}

// Threads that outlive ledgers see new ones under the old numbers.
TEST_F(HeapThreadsTest, LongLivedThreadsMeetManyLedgers) {
  std::atomic<BulkheadLedger*> current{nullptr};
  std::atomic<int> cycle{0};  // names the ledger: a later one may be at the same address
  std::atomic<int> used{0};
  constexpr int kCycles = kSanitized ? 20 : 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int seen = 0; seen < kCycles; std::this_thread::yield()) {
        if (cycle == seen) continue;
        seen = cycle;
        for (int block = 0; block < 10; ++block) bulkhead_heap_malloc(current, 10, site(1));
        ++used;
      }
    });
  }
  for (int i = 0; i < kCycles; ++i) {
    current = open();
    used = 0;
    ++cycle;
    while (used != 3) std::this_thread::yield();
    EXPECT_EQ(totalsOf(current).count[BULKHEAD_LEDGER_HEAP], 30u);
    bulkhead_ledger_close(current);
  }
  for (std::thread& thread : threads) thread.join();
}

// What destructors of a thread's end allocate is in the ledger, too.
TEST_F(HeapThreadsTest, AThreadAllocatesUntilItsEnd) {
  struct AtEnd {
    ~AtEnd() {
      if (act != nullptr) act(context);
    }
    void (*act)(void*) = nullptr;
    void* context = nullptr;
  };
  pthread_key_t key;
  ASSERT_EQ(::pthread_key_create(
                &key, [](void* ledger) { bulkhead_heap_malloc(static_cast<BulkheadLedger*>(ledger), 10, site(1)); }),
            0);
  std::thread([&] {
    thread_local AtEnd atEnd;
    atEnd.context = ledger_;
    atEnd.act = [](void* ledger) { bulkhead_heap_malloc(static_cast<BulkheadLedger*>(ledger), 10, site(1)); };
    ::pthread_setspecific(key, ledger_);
    make(10);
  }).join();
  EXPECT_EQ(count(), 3u);
  ::pthread_key_delete(key);
}

// The child of a fork beside allocating threads can use its ledgers.
TEST_F(HeapThreadsTest, AForkedChildAllocates) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers of clang 14 do not follow a fork of many threads";
  std::atomic<bool> isOver{false};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      while (!isOver) {
        for (unsigned char* const pointer : churn(i, 100)) drop(pointer);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      drop(make(100));
      drop(make(100'000));
      std::uint64_t held = count();
      std::thread([&] { drop(make(100)); }).join();
      ::_exit(count() == held && badFrees().empty() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  isOver = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace bulkhead
