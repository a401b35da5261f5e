// Destructors of a module's thread_local objects (I4, I5): once each, newest first, and never a pin.
#include "spinner_module.h"

#include <array>
#include <atomic>
#include <barrier>
#include <thread>

namespace {

using bulkhead::testing::held;
using bulkhead::testing::openLedger;
using bulkhead::testing::SpinnerModule;

std::vector<std::uint32_t> orderOf(const spinner::Observed& observed) {
  return {observed.order.begin(), observed.order.begin() + observed.destroyed};
}

const std::vector<std::uint32_t> kNewestFirst = {3, 4, 2, 1};  // 4 is made by the destructor of 3

TEST(TlsDestructors, RunAtTheExitOfAThread) {
  SpinnerModule module;
  std::thread([&] { module.touch(); }).join();
  EXPECT_EQ(orderOf(module.observed()), kNewestFirst);
  EXPECT_EQ(held(module.ledger(), BULKHEAD_LEDGER_TLS_DESTRUCTOR), 0u);
  EXPECT_TRUE(module.unload());
}

TEST(TlsDestructors, RunBeforeAnUnloadInstead) {
  SpinnerModule module;
  const auto observed = module.observedForLong();
  std::barrier touched(2);
  std::barrier unloaded(2);
  std::thread owner([&] {
    module.touch();
    module.touch();
    touched.arrive_and_wait();
    unloaded.arrive_and_wait();
  });
  touched.arrive_and_wait();
  EXPECT_EQ(held(module.ledger(), BULKHEAD_LEDGER_TLS_DESTRUCTOR), 3u);
  EXPECT_EQ(bulkhead_ledger_run_tls_destructors(module.ledger()), spinner::kObjects);
  EXPECT_EQ(orderOf(*observed), kNewestFirst);
  EXPECT_EQ(held(module.ledger(), BULKHEAD_LEDGER_TLS_DESTRUCTOR), 0u);
  EXPECT_TRUE(module.unload());
  unloaded.arrive_and_wait();
  owner.join();  // its tickets find nothing, its module is unmapped
  EXPECT_EQ(observed->destroyed, spinner::kObjects);
}

TEST(TlsDestructors, RunOnceForOwnerAndOtherThreads) {
  constexpr std::uint32_t kThreads = 8;
  SpinnerModule module;
  const auto observed = module.observedForLong();
  module.touch();
  std::barrier touched(kThreads + 1);
  std::barrier unloaded(kThreads + 1);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      module.touch();
      touched.arrive_and_wait();
      unloaded.arrive_and_wait();
    });
  }
  std::thread([&] { module.touch(); }).join();
  EXPECT_EQ(observed->destroyed, spinner::kObjects);
  touched.arrive_and_wait();
  EXPECT_TRUE(module.unload());
  // What a destructor touches is the thread_local of the thread that runs it: there is one fourth object more, not
  // nine.
  constexpr std::uint32_t kMade = spinner::kObjects + (kThreads + 1) * (spinner::kObjects - 1) + 1;
  EXPECT_EQ(observed->destroyed, kMade);
  unloaded.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(observed->made, kMade);
  EXPECT_EQ(observed->destroyed, kMade);
}

TEST(TlsDestructors, LeaveAThreadFreshForTheNextVersion) {
  for (int generation = 0; generation < 50; ++generation) {
    SpinnerModule module;
    module.touch();
    EXPECT_EQ(module.observed().made, spinner::kObjects - 1);
    ASSERT_TRUE(module.unload());
  }
}

TEST(TlsDestructors, SayWhoseTheyAre) {
  SpinnerModule module;
  module.touch();
  std::vector<std::string> texts;
  bulkhead_ledger_visit(
      module.ledger(), BULKHEAD_LEDGER_TLS_DESTRUCTOR,
      [](void* context, const BulkheadLedgerEntry* entry) {
        EXPECT_NE(entry->key, 0u);
        EXPECT_NE(entry->site, nullptr);
        EXPECT_STREQ(entry->call, "thread_local");
        static_cast<std::vector<std::string>*>(context)->emplace_back(entry->text);
      },
      &texts);
  EXPECT_EQ(texts, std::vector<std::string>(3, "of thread " + std::to_string(gettid())));
}

TEST(TlsDestructors, OfAModuleWithoutALedgerRunAtTheExitOfAThread) {
  SpinnerModule module(false);
  std::thread([&] { module.touch(); }).join();
  EXPECT_EQ(orderOf(module.observed()), kNewestFirst);
}

// ---- by the C interface

char anyDso;

struct Note {
  std::vector<int>* order;
  int number;
  ~Note() {
    if (order != nullptr) order->push_back(number);
  }
};

void noteFor(BulkheadLedger* ledger, Note& note) {
  EXPECT_EQ(bulkhead_tls_destructor(
                ledger,
                [](void* object) {
                  const Note& destroyed = *static_cast<Note*>(object);
                  destroyed.order->push_back(destroyed.number);
                },
                &note, &anyDso, nullptr),
            0);
}

TEST(TlsDestructors, RunInTheirTurnAmongThoseOfOthers) {
  BulkheadLedger* const one = openLedger();
  BulkheadLedger* const two = openLedger();
  std::vector<int> order;
  std::array<Note, 3> notes = {{{&order, 2}, {&order, 3}, {&order, 5}}};
  std::thread([&] {
    static thread_local Note host1{nullptr, 1};
    host1.order = &order;
    noteFor(one, notes[0]);
    noteFor(two, notes[1]);
    static thread_local Note host4{nullptr, 4};
    host4.order = &order;
    noteFor(one, notes[2]);
  }).join();
  EXPECT_EQ(order, (std::vector<int>{5, 4, 3, 2, 1}));
  for (Note& note : notes) note.order = nullptr;
  bulkhead_ledger_close(one);
  bulkhead_ledger_close(two);
}

TEST(TlsDestructors, OfOneModuleRunWithoutThoseOfAnother) {
  BulkheadLedger* const one = openLedger();
  BulkheadLedger* const two = openLedger();
  std::vector<int> order;
  std::array<Note, 4> notes = {{{&order, 1}, {&order, 2}, {&order, 3}, {&order, 4}}};
  std::thread([&] {
    for (int i = 0; i < 4; ++i) noteFor(i % 2 == 0 ? one : two, notes[static_cast<std::size_t>(i)]);
    EXPECT_EQ(bulkhead_ledger_run_tls_destructors(one), 2u);
    EXPECT_EQ(order, (std::vector<int>{3, 1}));
  }).join();
  EXPECT_EQ(order, (std::vector<int>{3, 1, 4, 2}));
  for (Note& note : notes) note.order = nullptr;
  bulkhead_ledger_close(one);
  bulkhead_ledger_close(two);
}

TEST(TlsDestructors, OfObjectsThatAKeysDestructorMakesRun) {
  static BulkheadLedger* ledger;
  static std::vector<int> order;
  static Note note{nullptr, 1};
  order.clear();
  note.order = &order;
  ledger = openLedger();
  pthread_key_t key;
  ASSERT_EQ(pthread_key_create(&key, [](void*) { noteFor(ledger, note); }), 0);
  std::thread([&] { pthread_setspecific(key, &note); }).join();
  EXPECT_EQ(order, std::vector<int>{1});
  note.order = nullptr;
  pthread_key_delete(key);
  bulkhead_ledger_close(ledger);
}

TEST(TlsDestructors, RunAtExit) {
  EXPECT_EXIT(
      {
        BulkheadLedger* const ledger = openLedger();
        bulkhead_tls_destructor(
            ledger, [](void*) { std::fputs("destroyed\n", stderr); }, nullptr, &anyDso, nullptr);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "^destroyed\n$");
}

TEST(TlsDestructors, AreForgottenWithTheirLedger) {
  std::vector<int> order;
  Note note{&order, 1};
  std::thread([&] {
    BulkheadLedger* const ledger = openLedger();
    noteFor(ledger, note);
    bulkhead_ledger_close(ledger);  // the module is unmapped: nothing of it can run
  }).join();
  EXPECT_TRUE(order.empty());
  note.order = nullptr;
}

TEST(TlsDestructors, RunOnceWhenThreadsExitAtTheSameTime) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kObjects = 50;
  for (int round = 0; round < 50; ++round) {
    BulkheadLedger* const ledger = openLedger();
    std::array<std::array<std::atomic<int>, kObjects>, kThreads> destroyed = {};
    std::barrier start(kThreads + 1);
    std::vector<std::thread> threads;
    for (auto& objects : destroyed) {
      threads.emplace_back([&] {
        for (auto& object : objects) {
          bulkhead_tls_destructor(
              ledger, [](void* count) { ++*static_cast<std::atomic<int>*>(count); }, &object, &anyDso, nullptr);
        }
        start.arrive_and_wait();
      });
    }
    start.arrive_and_wait();
    bulkhead_ledger_run_tls_destructors(ledger);
    // Also those that exiting threads had begun are done: nothing may run from here on.
    for (const auto& objects : destroyed) {
      for (const auto& count : objects) ASSERT_EQ(count, 1);
    }
    bulkhead_ledger_close(ledger);
    for (std::thread& thread : threads) thread.join();
    for (const auto& objects : destroyed) {
      for (const auto& count : objects) ASSERT_EQ(count, 1);
    }
  }
}

}  // namespace
