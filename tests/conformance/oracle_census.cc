// The run with capnp as the oracle (BULKHEAD_ORACLE=1): how many messages it looked at, that none was wrong and none
// passed unseen.
#include <bulkhead/oracle.h>

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace bulkhead {
namespace {

class OracleCensus final : public ::testing::Environment {
 public:
  void TearDown() override {
    const char* const wanted = std::getenv("BULKHEAD_ORACLE");
    if (wanted == nullptr || std::string_view(wanted) != "1") return;
    const OracleCounts counts = oracleCounts();
    std::printf("oracle: %" PRIu64 " messages decoded by capnp as well, %" PRIu64 " differ, %" PRIu64 " unchecked\n",
                counts.messages, counts.differences, counts.unchecked);
    std::fflush(stdout);
    EXPECT_GT(counts.messages, 0u);
    EXPECT_EQ(counts.differences, 0u);
    EXPECT_EQ(counts.unchecked, 0u);
  }
};

const auto* const installed = ::testing::AddGlobalTestEnvironment(new OracleCensus);

}  // namespace
}  // namespace bulkhead
