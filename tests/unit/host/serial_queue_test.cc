#include "host/core/serial_queue.h"

#include "shared/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace bulkhead::detail {
namespace {

TEST(SerialQueueTest, OneThreadAtATime) {
  SerialQueue queue;
  int inside = 0;  // not atomic: the queue is what protects it
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 200; ++turn) {
        ASSERT_TRUE(queue.enter(0));
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
  ASSERT_TRUE(queue.enter(0));
  ASSERT_TRUE(queue.enter(nowNs()));
  queue.leave();
  std::thread([&] { EXPECT_FALSE(queue.enter(nowNs())); }).join();  // the outer turn goes on
  queue.leave();
  std::thread([&] {
    EXPECT_TRUE(queue.enter(0));
    queue.leave();
  }).join();
}

TEST(SerialQueueTest, AWaiterThatGivesUpLetsTheNextOneIn) {
  SerialQueue queue;
  ASSERT_TRUE(queue.enter(0));
  std::thread gaveUp([&] { EXPECT_FALSE(queue.enter(nowNs() + 1'000'000)); });
  gaveUp.join();
  std::thread next([&] {
    EXPECT_TRUE(queue.enter(0));
    queue.leave();
  });
  queue.leave();
  next.join();
}

TEST(SerialQueueTest, AFreeQueueIsEnteredEvenAfterTheDeadline) {
  SerialQueue queue;
  EXPECT_TRUE(queue.enter(nowNs() - 1));
  queue.leave();
}

TEST(SerialQueueTest, ACancelledWaiterGoesAtOnceAndLosesNobodysTurn) {
  SerialQueue queue;
  ASSERT_TRUE(queue.enter(0));
  std::stop_source source;
  std::thread cancelled([&] {
    const CancelScope scope(source.get_token());
    EXPECT_FALSE(queue.enter(0, &scope));
  });
  std::thread next([&] {
    EXPECT_TRUE(queue.enter(0));
    queue.leave();
  });
  source.request_stop();
  cancelled.join();
  queue.leave();
  next.join();
}

TEST(SerialQueueTest, ManyWaitersThatGiveUpLoseNoTurn) {
  SerialQueue queue;
  std::atomic<int> entered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 200; ++turn) {
        if (!queue.enter(i % 2 == 0 ? 0 : nowNs() + 20'000)) continue;
        ++entered;
        queue.leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(entered, 800);  // those without a deadline always get in
}

}  // namespace
}  // namespace bulkhead::detail
