// Threads in the ledger (I4, I5): which a module has, and when they are gone.
#include "heap_fixture.h"
#include "spinner_module.h"

#include <cxxabi.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

namespace {

using bulkhead::testing::held;
using bulkhead::testing::ListedThread;
using bulkhead::testing::openLedger;
using bulkhead::testing::SpinnerModule;
using bulkhead::testing::threadsOf;

bool isLibcxx() { return std::string(bulkhead::testing::spinnerFile()).find("Libcxx") != std::string::npos; }

bool isTask(std::int32_t tid) { return std::filesystem::exists("/proc/self/task/" + std::to_string(tid)); }

class EverySort : public testing::TestWithParam<std::uint32_t> {};

TEST_P(EverySort, IsListedUntilItIsGone) {
  SpinnerModule module;
  ASSERT_TRUE(module.start(GetParam()));
  module.awaitArrival(1);
  const std::vector<ListedThread> threads = threadsOf(module.ledger());
  ASSERT_EQ(threads.size(), 1u);
  EXPECT_TRUE(isTask(threads[0].tid));
  const bool isDetached = GetParam() >= spinner::kThreadDetached || (GetParam() == spinner::kAsync && isLibcxx());
  EXPECT_EQ(threads[0].isDetached, isDetached);
  EXPECT_FALSE(threads[0].call.empty());
  EXPECT_NE(threads[0].start, nullptr);
  module.release();
  module.awaitNoThread();
  if (threads[0].isDetached) {  // after a join the kernel may still be at it
    EXPECT_FALSE(isTask(threads[0].tid));
  }
  EXPECT_EQ(module.observed().made, spinner::kObjects);
  EXPECT_EQ(module.observed().destroyed, spinner::kObjects);
  EXPECT_TRUE(module.unload());
}

INSTANTIATE_TEST_SUITE_P(Threads, EverySort, testing::Range<std::uint32_t>(0, spinner::kSorts));

TEST(Threads, AreGoneAtOnceWhenTheModuleJoinedThem) {
  SpinnerModule module;
  for (std::uint32_t sort = 0; sort < spinner::kThreadDetached; ++sort) ASSERT_TRUE(module.start(sort));
  module.awaitArrival(spinner::kThreadDetached);
  EXPECT_EQ(held(module.ledger(), BULKHEAD_LEDGER_THREAD), spinner::kThreadDetached);
  module.release();
  EXPECT_TRUE(threadsOf(module.ledger()).empty());
  EXPECT_TRUE(module.unload());
}

TEST(Threads, ThatCouldNotStartLeaveNothing) {
  SpinnerModule module;
  EXPECT_FALSE(module.start(spinner::kImpossible));
  EXPECT_EQ(held(module.ledger(), BULKHEAD_LEDGER_THREAD), 0u);
}

TEST(Threads, SayWhatTheyRun) {
  SpinnerModule module;
  ASSERT_TRUE(module.start(spinner::kThread));
  ASSERT_TRUE(module.start(spinner::kNamed));
  module.awaitArrival(2);
  const std::vector<ListedThread> threads = threadsOf(module.ledger());
  ASSERT_EQ(threads.size(), 2u);
  EXPECT_EQ(threads[1].call, "pthread_create");
  EXPECT_EQ(threads[1].comm, "spinner-named");
  if (isLibcxx()) {  // there it is said by the start function, a template's instance
    EXPECT_EQ(threads[0].call, "pthread_create");
    module.release();
    return;
  }
  EXPECT_EQ(threads[0].call, "std::thread");
  const std::unique_ptr<char, void (*)(void*)> type(
      abi::__cxa_demangle(threads[0].name.c_str(), nullptr, nullptr, nullptr), &std::free);
  ASSERT_NE(type, nullptr) << threads[0].name;
  EXPECT_NE(std::string(type.get()).find("SpinnerLoop"), std::string::npos) << type.get();
  std::vector<std::string> texts;
  bulkhead_ledger_visit(
      module.ledger(), BULKHEAD_LEDGER_THREAD,
      [](void* context, const BulkheadLedgerEntry* entry) {
        static_cast<std::vector<std::string>*>(context)->emplace_back(entry->text);
      },
      &texts);
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[1], "spinner-named");
  module.release();
}

TEST(Threads, ManyAreToldApart) {
  constexpr std::uint32_t kCount = 200;
  SpinnerModule module;
  for (std::uint32_t i = 0; i < kCount; ++i)
    ASSERT_TRUE(module.start(i % 2 == 0 ? spinner::kPthread : spinner::kThread));
  module.awaitArrival(kCount);
  std::set<std::int32_t> tids;
  for (const ListedThread& thread : threadsOf(module.ledger())) tids.insert(thread.tid);
  EXPECT_EQ(tids.size(), kCount);
  EXPECT_EQ(tids.count(0), 0u);
  module.release();
  EXPECT_EQ(held(module.ledger(), BULKHEAD_LEDGER_THREAD), 0u);
  EXPECT_TRUE(module.unload());
}

TEST(Threads, OfAModuleWithoutALedgerAreItsOwn) {
  if (BULKHEAD_UNDER_ASAN) GTEST_SKIP() << "ASan takes the stack of a thread that ended by pthread_exit for damaged";
  SpinnerModule module(false);
  for (std::uint32_t sort = 0; sort < spinner::kThreadDetached; ++sort) ASSERT_TRUE(module.start(sort));
  module.awaitArrival(spinner::kThreadDetached);
  module.release();
  EXPECT_EQ(module.observed().destroyed, spinner::kThreadDetached * spinner::kObjects);
  EXPECT_EQ(module.observed().made, module.observed().destroyed);  // and thrd_join brought the result
}

// ---- by the C interface

pthread_t create(BulkheadLedger* ledger, void* (*run)(void*), void* argument) {
  BulkheadThreadStart start = {};
  start.run = run;
  start.argument = argument;
  start.call = "pthread_create";
  pthread_t thread{};
  EXPECT_EQ(bulkhead_thread_create(ledger, &thread, nullptr, &start), 0);
  return thread;
}

void* awaitTrue(void* argument) {
  static_cast<std::atomic<bool>*>(argument)->wait(false);
  return argument;
}

void open(std::atomic<bool>& gate) {
  gate = true;
  gate.notify_all();
}

void* doNothing(void*) { return nullptr; }

TEST(Threads, TheHandleOfAnotherIsNotTakenForIt) {
  BulkheadLedger* const ledger = openLedger();
  std::atomic<bool> gate = false;
  const pthread_t old = create(ledger, &doNothing, nullptr);
  const std::uint64_t number = bulkhead_thread_find(ledger, old);
  EXPECT_NE(number, 0u);
  pthread_join(old, nullptr);
  const pthread_t next = create(ledger, &awaitTrue, &gate);  // glibc gives it the same handle, as a rule
  bulkhead_thread_detached(ledger, number);
  bulkhead_thread_joined(ledger, number);
  ASSERT_EQ(threadsOf(ledger).size(), 1u);
  EXPECT_FALSE(threadsOf(ledger)[0].isDetached);
  EXPECT_NE(bulkhead_thread_find(ledger, next), number);
  open(gate);
  void* result = nullptr;
  pthread_join(next, &result);
  EXPECT_EQ(result, &gate);
  bulkhead_ledger_close(ledger);
}

TEST(Threads, HandlesThatComeBackAreTheirNewThreads) {
  BulkheadLedger* const ledger = openLedger();
  std::set<std::uint64_t> numbers;
  std::set<pthread_t> handles;
  constexpr std::size_t kCount = 300;
  for (std::size_t i = 0; i < kCount; ++i) {
    const pthread_t thread = create(ledger, &doNothing, nullptr);
    handles.insert(thread);
    numbers.insert(bulkhead_thread_find(ledger, thread));
    pthread_join(thread, nullptr);  // unknown to the ledger
  }
  EXPECT_EQ(numbers.size(), kCount);
  EXPECT_EQ(numbers.count(0), 0u);
  EXPECT_LT(handles.size(), kCount);  // else this showed nothing
  while (held(ledger, BULKHEAD_LEDGER_THREAD) != 0) sched_yield();
  bulkhead_ledger_close(ledger);
}

TEST(Threads, MayOutliveTheirLedger) {
  BulkheadLedger* const ledger = openLedger();
  std::atomic<bool> gate = false;
  const pthread_t thread = create(ledger, &awaitTrue, &gate);
  bulkhead_ledger_close(ledger);
  open(gate);
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
}

TEST(Threads, AreOnesOwnEvenInALastDestructor) {
  static std::atomic<bool> gate;
  static pthread_key_t key;
  gate = false;
  static std::atomic<int> rounds;
  rounds = 0;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* value) {
                                 if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
                                   pthread_setspecific(key, value);
                                 } else {
                                   gate.wait(false);
                                 }
                               }),
            0);
  BulkheadLedger* const ledger = openLedger();
  const pthread_t thread = create(
      ledger,
      [](void* argument) {
        pthread_setspecific(key, &gate);
        return argument;
      },
      nullptr);
  while (rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1) sched_yield();
  EXPECT_EQ(threadsOf(ledger).size(), 1u);
  open(gate);
  pthread_join(thread, nullptr);
  while (held(ledger, BULKHEAD_LEDGER_THREAD) != 0) sched_yield();
  pthread_key_delete(key);
  bulkhead_ledger_close(ledger);
}

TEST(Threads, AreListedWhileTheyComeAndGo) {
  BulkheadLedger* const ledger = openLedger();
  std::atomic<int> creators = 2;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const pthread_t thread = create(ledger, &doNothing, nullptr);
        const std::uint64_t number = bulkhead_thread_find(ledger, thread);
        if (round % 2 == 0) {
          pthread_join(thread, nullptr);
          bulkhead_thread_joined(ledger, number);
        } else {
          pthread_detach(thread);
          bulkhead_thread_detached(ledger, number);
        }
      }
      --creators;
    });
  }
  std::size_t seen = 0;
  while (creators != 0) seen += threadsOf(ledger).size();
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(seen, 0u);
  while (held(ledger, BULKHEAD_LEDGER_THREAD) != 0) sched_yield();
  bulkhead_ledger_close(ledger);
}

}  // namespace
