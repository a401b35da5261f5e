#include <bulkhead/exit_report.h>

#include <gtest/gtest.h>

namespace bulkhead {
namespace {

TEST(ExitReport, IsDescribedInOneLine) {
  ExitReport report;
  report.how = ExitHow::signalled;
  report.signal = 9;
  report.verdict = ExitVerdict::deadlineExceeded;
  report.text = "no answer within 50 ms";
  report.module = "codec";
  report.generation = 3;
  report.pid = 812;
  report.method = "Codec.decode";
  report.usage = {true, 1'500'000, 500'000, 2048 * 1024, 0, 0, 0, 0};
  EXPECT_EQ(report.describe(),
            "codec generation 3 (pid 812): killed by signal 9 (Killed): deadlineExceeded: in Codec.decode: no answer "
            "within 50 ms [2000 ms of processor, 2048 KiB resident]");
}

TEST(ExitReport, SaysOnlyWhatIsKnown) {
  ExitReport report;
  report.module = "codec";
  report.generation = 1;
  report.status = 70;
  EXPECT_EQ(report.describe(), "codec generation 1: exited with status 70");
  report.how = ExitHow::reapedElsewhere;
  EXPECT_EQ(report.describe(), "codec generation 1: ended; its status was taken by another part of the host");
}

}  // namespace
}  // namespace bulkhead
