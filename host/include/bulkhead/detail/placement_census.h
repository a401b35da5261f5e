// Counts a test program's tests by placement and fails the run when they are not alike. Part of bulkhead/testing.h.
#pragma once

#include <bulkhead/placement.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bulkhead::detail {

class PlacementCensus final : public ::testing::Environment {
 public:
  // Last part of a test's name.
  static constexpr std::string_view nameOf(Placement::Kind kind) noexcept {
    return kind == Placement::Kind::inProcess ? "InProcess" : "Isolated";
  }

  // Once per program, before main.
  static bool install() {
    auto* const census = new PlacementCensus;
    ::testing::AddGlobalTestEnvironment(census);  // owns it
    ::testing::UnitTest::GetInstance()->listeners().Append(new Forward(*census));
    return true;
  }

  void SetUp() override {
    ::unsetenv("BULKHEAD_PLACEMENT");
    inProcess_ = isolated_ = Count{};
  }

  // Still part of the run: a failure here is the program's.
  void TearDown() override {
    if (registered(Placement::Kind::inProcess) + registered(Placement::Kind::isolated) == 0) return;
    std::printf("conformance: in-process %d run, %d skipped; isolated %d run, %d skipped\n", inProcess_.run,
                inProcess_.skipped, isolated_.run, isolated_.skipped);
    std::fflush(stdout);
    EXPECT_EQ(inProcess_.skipped + isolated_.skipped, 0) << "tests of both placements were skipped";
    EXPECT_EQ(registered(Placement::Kind::inProcess), registered(Placement::Kind::isolated))
        << "the placements do not have the same tests";
    if (!isWhole()) return;
    EXPECT_EQ(inProcess_.run, isolated_.run) << "the placements did not run the same tests";
  }

 private:
  struct Count {
    int run = 0;
    int skipped = 0;
  };

  // GoogleTest deletes listeners as well as environments, so they are two objects.
  class Forward final : public ::testing::EmptyTestEventListener {
   public:
    explicit Forward(PlacementCensus& census) : census_(census) {}
    void OnTestEnd(const ::testing::TestInfo& test) override { census_.count(test); }

   private:
    PlacementCensus& census_;
  };

  static bool isOf(const ::testing::TestInfo& test, Placement::Kind kind) {
    const std::string ending = "/" + std::string(nameOf(kind));
    return std::string_view(test.name()).ends_with(ending);
  }

  void count(const ::testing::TestInfo& test) {
    for (const auto kind : {Placement::Kind::inProcess, Placement::Kind::isolated}) {
      if (!isOf(test, kind)) continue;
      Count& count = kind == Placement::Kind::inProcess ? inProcess_ : isolated_;
      ++(test.result()->Skipped() ? count.skipped : count.run);
    }
  }

  // Tests of the program, run or not.
  static int registered(Placement::Kind kind) {
    int sum = 0;
    const auto& all = *::testing::UnitTest::GetInstance();
    for (int suite = 0; suite < all.total_test_suite_count(); ++suite) {
      const auto& tests = *all.GetTestSuite(suite);
      for (int i = 0; i < tests.total_test_count(); ++i) sum += isOf(*tests.GetTestInfo(i), kind) ? 1 : 0;
    }
    return sum;
  }

  // Whether no filter and no shard left tests out.
  static bool isWhole() {
    const auto& all = *::testing::UnitTest::GetInstance();
    return all.test_to_run_count() == all.total_test_count();
  }

  Count inProcess_;
  Count isolated_;
};

inline const bool placementCensusInstalled = PlacementCensus::install();

}  // namespace bulkhead::detail
