// What a module says reaches the host's sink, with who said it. (S11)
#include "tests/conformance/modules.h"

#include <bulkhead/log_level.h>

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>

namespace bulkhead::conformance {
namespace {

using ::testing::SizeIs;

// Lines as they came. Log lines of isolated modules come on another thread, so tests wait for them.
class Lines {
 public:
  struct Line {
    LogLine::Source source;
    std::uint32_t level;
    std::string module;
    std::uint64_t generation;
    std::string text;
  };

  void add(const LogLine& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back({line.source, line.level, std::string(line.module), line.generation, std::string(line.text)});
    changed_.notify_all();
  }
  std::vector<Line> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return lines_.size() >= count; });
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;
};

class LogTest : public ProbeFixture {
 protected:
  HostOptions hostOptions() override {
    HostOptions options;
    options.onLog = [this](const LogLine& line) { lines_.add(line); };
    return options;
  }

  Lines lines_;
};
BULKHEAD_EVERY_PLACEMENT(LogTest);

TEST_P(LogTest, LogLinesArriveInOrderWithModuleGenerationAndLevel) {
  ASSERT_TRUE(subject().log(static_cast<std::uint32_t>(LogLevel::warning), "first"));
  ASSERT_TRUE(subject().log(static_cast<std::uint32_t>(LogLevel::debug), "second"));
  ASSERT_TRUE(subject().log(static_cast<std::uint32_t>(LogLevel::error), ""));
  const auto lines = lines_.await(3);
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(lines[0].text, "first");
  EXPECT_EQ(lines[0].level, static_cast<std::uint32_t>(LogLevel::warning));
  EXPECT_EQ(lines[1].text, "second");
  EXPECT_EQ(lines[1].level, static_cast<std::uint32_t>(LogLevel::debug));
  EXPECT_EQ(lines[2].text, "");
  for (const auto& line : lines) {
    EXPECT_EQ(line.source, LogLine::Source::log);
    EXPECT_EQ(line.module, "probe");
    EXPECT_EQ(line.generation, 1u);
  }
}

TEST_P(LogTest, ManyLinesArrive) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(subject().log(2, "line " + std::to_string(i)));
  const auto lines = lines_.await(200);
  EXPECT_EQ(lines.back().text, "line 199");
}

// Only a worker's streams are its own; a module in the host's process writes to the host's.
TEST(OutputTest, StreamsOfAnIsolatedModuleReachTheSink) {
  Lines lines;
  ProbeImports imports;
  HostOptions options;
  options.onLog = [&](const LogLine& line) { lines.add(line); };
  Host host(options);
  auto module = host.load(modulePath("probe"), Placement::isolated().required(), imports);
  ASSERT_TRUE(module) << module.error().message();
  const auto probe = module->get<probe::host::Probe>().value();
  ASSERT_TRUE(probe.output("to standard output", false));
  ASSERT_TRUE(probe.output("to standard error \x1B[31m", true));
  auto seen = lines.await(2);
  std::sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.source < b.source; });
  EXPECT_EQ(seen[0].source, LogLine::Source::standardOutput);
  EXPECT_EQ(seen[0].text, "to standard output");
  EXPECT_EQ(seen[0].module, "probe");
  EXPECT_EQ(seen[0].generation, 1u);
  EXPECT_EQ(seen[1].source, LogLine::Source::standardError);
  EXPECT_EQ(seen[1].text, "to standard error \xEF\xBF\xBD[31m");
}

}  // namespace
}  // namespace bulkhead::conformance
