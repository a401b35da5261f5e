#include "host/isolated/task_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace bulkhead::isolated {
namespace {

// Holds tasks until they are let go.
class Brake {
 public:
  void hold() {
    std::unique_lock lock(mutex_);
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  void awaitHeld(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int held_ = 0;
  bool released_ = false;
};

// Set once; the waiter may destroy it as soon as it has returned.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  void await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

TEST(TaskPoolTest, RunsTasksOnUpToItsThreadsAtOnce) {
  Brake brake;
  TaskPool pool(3, 0);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.post([&] { brake.hold(); }));
  brake.awaitHeld(3);
  EXPECT_FALSE(pool.post([] {}));
  brake.release();
}

TEST(TaskPoolTest, QueuesUpToItsLimit) {
  Brake brake;
  std::atomic<int> ran{0};
  {
    TaskPool pool(1, 2);
    ASSERT_TRUE(pool.post([&] { brake.hold(); }));
    brake.awaitHeld(1);
    EXPECT_TRUE(pool.post([&] { ++ran; }));
    EXPECT_TRUE(pool.post([&] { ++ran; }));
    EXPECT_FALSE(pool.post([&] { ++ran; }));
    Signal last;
    brake.release();
    while (!pool.post([&] { last.set(); })) std::this_thread::yield();
    last.await();
  }
  EXPECT_EQ(ran, 2);
}

TEST(TaskPoolTest, IdleThreadsAreUsedAgain) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  {
    TaskPool pool(8, 100);
    for (int i = 0; i < 100; ++i) {
      Signal done;
      ASSERT_TRUE(pool.post([&] {
        {
          const std::lock_guard lock(mutex);
          threads.insert(std::this_thread::get_id());
        }
        done.set();
      }));
      done.await();
    }
  }
  EXPECT_LE(threads.size(), 8u);
}

TEST(TaskPoolTest, ClosingWaitsForWhatRuns) {
  Brake brake;
  std::atomic<bool> ended{false};
  TaskPool pool(1, 1);
  ASSERT_TRUE(pool.post([&] {
    brake.hold();
    ended = true;
  }));
  brake.awaitHeld(1);
  std::thread releasing([&] { brake.release(); });
  pool.close();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(pool.post([] {}));
  releasing.join();
  pool.close();
}

TEST(TaskPoolTest, WhatATaskHoldsIsGoneWithIt) {
  const auto held = std::make_shared<int>(1);
  {
    TaskPool pool(1, 1);
    Signal done;
    ASSERT_TRUE(pool.post([held, &done] { done.set(); }));
    done.await();
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TaskPoolTest, ManyThreadsPost) {
  std::atomic<int> ran{0};
  std::atomic<int> taken{0};
  {
    TaskPool pool(4, 1'000'000);
    std::vector<std::thread> posters;
    for (int i = 0; i < 4; ++i) {
      posters.emplace_back([&] {
        for (int task = 0; task < 1'000; ++task) {
          if (pool.post([&] { ++ran; })) ++taken;
        }
      });
    }
    for (std::thread& poster : posters) poster.join();
    while (ran != taken) std::this_thread::yield();
  }
  EXPECT_EQ(taken, 4'000);
}

}  // namespace
}  // namespace bulkhead::isolated
