#include "host/isolated/call_clock.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace bulkhead::isolated {
namespace {

TEST(ClockTest, SumsStayInRangeAndAreNeverNone) {
  EXPECT_EQ(later(5, 7), 12);
  EXPECT_EQ(later(5, INT64_MAX), INT64_MAX);
  EXPECT_EQ(later(-5, INT64_MIN), INT64_MIN);
  EXPECT_EQ(later(5, -5), 1);
  EXPECT_EQ(toNs(std::chrono::milliseconds(3)), 3'000'000);
  EXPECT_EQ(toNs(std::chrono::milliseconds::max()), INT64_MAX);
  EXPECT_EQ(toNs(std::chrono::milliseconds::min()), INT64_MIN);
}

TEST(CallClockTest, WithoutLimitsItNeverExpires) {
  const CallClock clock(100, 0, 0);
  EXPECT_EQ(clock.limitNs(), 0);
  EXPECT_FALSE(clock.expired(INT64_MAX));
  EXPECT_EQ(clock.elapsedNs(150), 50);
}

TEST(CallClockTest, TheEarlierOfBothLimitsHolds) {
  EXPECT_EQ(CallClock(100, 150, 100).limitNs(), 150);
  EXPECT_EQ(CallClock(100, 250, 100).limitNs(), 200);
  EXPECT_EQ(CallClock(100, 0, 100).limitNs(), 200);
  EXPECT_EQ(CallClock(100, 250, 0).limitNs(), 250);
}

TEST(CallClockTest, ItExpiresAtItsLimit) {
  const CallClock clock(100, 150, 0);
  EXPECT_FALSE(clock.expired(149));
  EXPECT_TRUE(clock.expired(150));
}

TEST(CallClockTest, TheModulesBudgetStopsDuringImports) {
  CallClock clock(100, 0, 50);
  clock.pause(120);  // 20 used
  clock.resume(1'000);
  EXPECT_EQ(clock.limitNs(), 1'030);
  clock.pause(1'010);
  clock.resume(2'000);
  EXPECT_EQ(clock.limitNs(), 2'020);
}

TEST(CallClockTest, TheCallersClockNeverStops) {
  CallClock clock(100, 500, 50);
  clock.pause(110);
  clock.resume(600);
  EXPECT_TRUE(clock.expired(600));
  EXPECT_EQ(clock.limitNs(), 500);
}

TEST(CallClockTest, ASpentBudgetExpiresAsSoonAsTheModuleRunsAgain) {
  CallClock clock(100, 0, 50);
  clock.pause(200);
  clock.resume(300);
  EXPECT_TRUE(clock.expired(301));
  EXPECT_NE(clock.limitNs(), 0);  // spent is not the same as unlimited
}

}  // namespace
}  // namespace bulkhead::isolated
