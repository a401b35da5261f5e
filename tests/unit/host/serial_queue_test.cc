#include "host/core/serial_queue.h"

#include "shared/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace bulkhead::detail {
namespace {

using Turn = SerialQueue::Turn;

bool entered(SerialQueue& queue, std::int64_t deadlineNs, const CancelScope* cancel = nullptr) {
  return queue.enter(deadlineNs, cancel) == Turn::mine;
}

TEST(SerialQueueTest, OneThreadAtATime) {
  SerialQueue queue;
  int inside = 0;  // not atomic: the queue is what protects it
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 200; ++turn) {
        ASSERT_TRUE(entered(queue, 0));
        EXPECT_EQ(++inside, 1);
        --inside;
        queue.leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SerialQueueTest, ItsOwnerEntersAgain) {
  SerialQueue queue;
  ASSERT_TRUE(entered(queue, 0));
  ASSERT_TRUE(entered(queue, nowNs()));
  queue.leave();
  std::thread([&] { EXPECT_FALSE(entered(queue, nowNs())); }).join();  // the outer turn goes on
  queue.leave();
  std::thread([&] {
    EXPECT_TRUE(entered(queue, 0));
    queue.leave();
  }).join();
}

TEST(SerialQueueTest, AWaiterThatGivesUpLetsTheNextOneIn) {
  SerialQueue queue;
  ASSERT_TRUE(entered(queue, 0));
  std::thread gaveUp([&] { EXPECT_FALSE(entered(queue, nowNs() + 1'000'000)); });
  gaveUp.join();
  std::thread next([&] {
    EXPECT_TRUE(entered(queue, 0));
    queue.leave();
  });
  queue.leave();
  next.join();
}

TEST(SerialQueueTest, AFreeQueueIsEnteredEvenAfterTheDeadline) {
  SerialQueue queue;
  EXPECT_TRUE(entered(queue, nowNs() - 1));
  queue.leave();
}

TEST(SerialQueueTest, ACancelledWaiterGoesAtOnceAndLosesNobodysTurn) {
  SerialQueue queue;
  ASSERT_TRUE(entered(queue, 0));
  std::stop_source source;
  std::thread cancelled([&] {
    const CancelScope scope(source.get_token());
    EXPECT_FALSE(entered(queue, 0, &scope));
  });
  std::thread next([&] {
    EXPECT_TRUE(entered(queue, 0));
    queue.leave();
  });
  source.request_stop();
  cancelled.join();
  queue.leave();
  next.join();
}

TEST(SerialQueueTest, ManyWaitersThatGiveUpLoseNoTurn) {
  SerialQueue queue;
  std::atomic<int> turns{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 200; ++turn) {
        if (!entered(queue, i % 2 == 0 ? 0 : nowNs() + 20'000)) continue;
        ++turns;
        queue.leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(turns, 800);  // those without a deadline always get in
}

TEST(SerialQueueTest, ClosingSendsWaitersAwayAndKeepsTheTurn) {
  SerialQueue queue;
  ASSERT_EQ(queue.enter(0), Turn::mine);
  std::thread waiter([&] { EXPECT_EQ(queue.enter(0), Turn::moved); });
  queue.close();
  waiter.join();
  EXPECT_EQ(queue.enter(0), Turn::mine);  // nested in the turn
  queue.leave();
  queue.leave();
  EXPECT_EQ(queue.enter(0), Turn::moved);
  queue.open();
  EXPECT_EQ(queue.enter(0), Turn::mine);
  queue.leave();
}

}  // namespace
}  // namespace bulkhead::detail
