// A suite that is not alike in both placements: its run must fail, though no test does.
#include <bulkhead/testing.h>

namespace {

class SkippingTest : public bulkhead::testing::EveryPlacement<> {};
BULKHEAD_EVERY_PLACEMENT(SkippingTest);

TEST_P(SkippingTest, RunsInOnePlacementOnly) {
  if (kind() == bulkhead::Placement::Kind::isolated) GTEST_SKIP();
}
TEST_P(SkippingTest, RunsInBoth) {}

}  // namespace
