#include "host/core/module_slot.h"

#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/sinks.h>
#include <bulkhead/exit_report.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace bulkhead::detail {
namespace {

constexpr BulkheadMethod kMethod = {1, 0, 0, 0, "Codec.decode"};

class CollectorTest : public ::testing::Test {
 protected:
  Error take(std::uint32_t flags) {
    binding_.flags = flags;
    return collector_.take(*slot_.find(1), binding_, kMethod);
  }
  void report(ErrorKind kind, const std::string& type, const std::string& text) {
    EXPECT_EQ(detail::report(collector_.sink(), kind, type, text), BULKHEAD_FAILED);
  }

  ModuleSlot slot_{"codec", {{1, false, true}}, 0};
  Binding binding_;
  ErrorCollector collector_;
};

TEST_F(CollectorTest, FillsInModuleAndMethod) {
  report(ErrorKind::moduleError, "std::runtime_error", "why");
  const Error error = take(0);
  EXPECT_EQ(error.message(), "moduleError: codec: Codec.decode: std::runtime_error: why");
}

TEST_F(CollectorTest, AModuleCanOnlyMakeItsOwnKind) {
  for (const auto kind : {ErrorKind::deadlineExceeded, ErrorKind::moduleDied, ErrorKind::internal,
                          ErrorKind::staleHandle, ErrorKind::hostError, static_cast<ErrorKind>(999'999)}) {
    report(kind, "", "claimed");
    EXPECT_EQ(take(0).kind(), ErrorKind::moduleError);
  }
  report(ErrorKind::unimplemented, "", "lacking");
  EXPECT_EQ(take(0).kind(), ErrorKind::unimplemented);
}

TEST_F(CollectorTest, TheHostsOwnTableNamesAnyKind) {
  report(ErrorKind::deadlineExceeded, "", "late");
  EXPECT_EQ(take(Binding::kHostMade).kind(), ErrorKind::deadlineExceeded);
}

TEST_F(CollectorTest, AHostErrorKeepsItsExitReport) {
  const auto exit = std::make_shared<ExitReport>();
  const Error original(ErrorBody{ErrorKind::moduleDied, {}, {}, {}, "died", exit});
  BulkheadErrorView view{};
  view.size = sizeof view;
  view.host_error = &original;
  collector_.sink()->report(collector_.sink()->context, &view);
  const Error error = take(Binding::kHostMade);
  EXPECT_EQ(error.exitReport(), exit);
  EXPECT_EQ(error.kind(), ErrorKind::moduleDied);
  EXPECT_EQ(error.module(), "codec");
}

TEST_F(CollectorTest, AFailureWithoutAnErrorStillIsOne) {
  const Error error = take(0);
  EXPECT_EQ(error.kind(), ErrorKind::moduleError);
  EXPECT_FALSE(error.text().empty());
  EXPECT_EQ(error.method(), "Codec.decode");
}

TEST_F(CollectorTest, TextsMayHoldAnyBytesAndBeMissing) {
  report(ErrorKind::moduleError, std::string("\0\xFF", 2), std::string("nul\0inside", 10));
  EXPECT_EQ(take(0).text().size(), 10u);
  BulkheadErrorView empty{};
  empty.size = sizeof empty;
  empty.kind = static_cast<std::uint32_t>(ErrorKind::moduleError);
  collector_.sink()->report(collector_.sink()->context, &empty);
  EXPECT_EQ(take(0).text(), "");
}

}  // namespace
}  // namespace bulkhead::detail
