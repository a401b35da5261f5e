#include "shared/doorbell/futex.h"

#include "shared/clock.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

namespace bulkhead::doorbell {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kFarNs = 60'000 * kMillisecond;

using AnyWait = Wait (*)(const Word&, std::uint32_t, const Word&, std::uint32_t, std::int64_t) noexcept;

// As every waiter does it: again after each wake, until the word changed.
void waitForChange(const Word& word, std::uint32_t old, Scope scope) {
  while (word.load(std::memory_order_acquire) == old) wait(word, old, 0, scope);
}

TEST(Futex, DoesNotSleepWhenTheWordDiffers) {
  const Word word{5};
  EXPECT_EQ(wait(word, 4, 0, Scope::processPrivate), Wait::woken);
  EXPECT_EQ(wait(word, 4, 0, Scope::shared), Wait::woken);
}

TEST(Futex, SleepsUntilTheDeadline) {
  const Word word{5};
  const std::int64_t deadline = nowNs() + 20 * kMillisecond;
  while (wait(word, 5, deadline) == Wait::woken) {
  }
  EXPECT_GE(nowNs(), deadline);
}

TEST(Futex, DeadlineInThePastTimesOutAtOnce) {
  const Word word{5};
  EXPECT_EQ(wait(word, 5, 1), Wait::timedOut);
  EXPECT_EQ(wait(word, 5, -5), Wait::timedOut);
}

TEST(Futex, WakeEndsAWait) {
  for (const Scope scope : {Scope::processPrivate, Scope::shared}) {
    Word word{0};
    std::thread waiter([&] { waitForChange(word, 0, scope); });
    word.store(1, std::memory_order_release);
    wake(word, scope);
    waiter.join();
  }
}

// Threat 12's other side: the worker sleeps on words that it can only read.
TEST(Futex, WaitsOnAReadOnlyMap) {
  const int fd = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(fd, 4096), 0);
  void* writable = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  void* readable = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  ASSERT_NE(writable, MAP_FAILED);
  ASSERT_NE(readable, MAP_FAILED);
  Word& written = *static_cast<Word*>(writable);
  const Word& read = *static_cast<const Word*>(readable);
  const Word death{0};
  EXPECT_EQ(wait(read, 0, nowNs() + kMillisecond), Wait::timedOut);
  EXPECT_EQ(waitAny(read, 0, death, 0, nowNs() + kMillisecond), Wait::timedOut);
  std::thread waiter([&] { waitForChange(read, 0, Scope::shared); });
  written.store(1, std::memory_order_release);
  wake(written);
  waiter.join();
  wake(read);  // a worker also wakes through its map
  ::munmap(writable, 4096);
  ::munmap(readable, 4096);
  ::close(fd);
}

// The kernel's way and the fallback keep one contract.
class WaitAny : public ::testing::TestWithParam<AnyWait> {};

TEST_P(WaitAny, DoesNotSleepWhenAWordDiffers) {
  const Word reply{1};
  const Word death{2};
  EXPECT_EQ(GetParam()(reply, 0, death, 2, 0), Wait::woken);
  EXPECT_EQ(GetParam()(reply, 1, death, 0, 0), Wait::woken);
}

TEST_P(WaitAny, SleepsUntilTheDeadline) {
  const Word reply{1};
  const Word death{2};
  const std::int64_t deadline = nowNs() + 30 * kMillisecond;
  while (GetParam()(reply, 1, death, 2, deadline) == Wait::woken) {
  }
  EXPECT_GE(nowNs(), deadline);
  EXPECT_EQ(GetParam()(reply, 1, death, 2, 1), Wait::timedOut);
}

TEST_P(WaitAny, EitherWordEndsIt) {
  for (const bool byDeath : {false, true}) {
    Word reply{0};
    Word death{0};
    std::thread waiter([&] {
      const std::int64_t deadline = nowNs() + kFarNs;
      while (reply.load(std::memory_order_acquire) == 0 && death.load(std::memory_order_acquire) == 0) {
        ASSERT_EQ(GetParam()(reply, 0, death, 0, deadline), Wait::woken);
      }
    });
    Word& word = byDeath ? death : reply;
    word.store(1, std::memory_order_release);
    wake(word, byDeath ? Scope::processPrivate : Scope::shared);
    waiter.join();
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, WaitAny, ::testing::Values(&waitAny, &internal::waitAnyByTurns),
                         [](const auto& way) { return way.index == 0 ? "Waitv" : "Turns"; });

TEST(Futex, PingPong) {
  Word word{0};
  Word death{0};
  std::thread peer([&] {
    for (std::uint32_t turn = 0; turn < 2000; turn += 2) {
      waitForChange(word, turn, Scope::shared);
      word.store(turn + 2, std::memory_order_release);
      wake(word);
    }
  });
  for (std::uint32_t turn = 0; turn < 2000; turn += 2) {
    word.store(turn + 1, std::memory_order_release);
    wake(word);
    while (word.load(std::memory_order_acquire) == turn + 1) waitAny(word, turn + 1, death, 0, 0);
  }
  peer.join();
  EXPECT_EQ(word.load(), 2000U);
}

}  // namespace
}  // namespace bulkhead::doorbell
