// Output and log lines of a module (S11): they reach the host's sink, whatever they are.
#include "tests/hostile/fixture.h"

namespace bulkhead::hostile {
namespace {

std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

class Output : public HostileTest {};

TEST_F(Output, CarriesModuleGenerationAndSource) {
  auto module = load({}, "talker");
  const auto faults = handleOf(module);
  ASSERT_TRUE(faults.write(1, bytesOf("to standard output\n"), 1));
  ASSERT_TRUE(faults.write(2, bytesOf("to standard error\n"), 1));
  ASSERT_TRUE(faults.write(-1, bytesOf("to the log"), 1));
  EXPECT_TRUE(heard_.line("talker/1/0: to standard output"));
  EXPECT_TRUE(heard_.line("talker/1/1: to standard error"));
  EXPECT_TRUE(heard_.line("talker/1/2: to the log"));
  EXPECT_FALSE(faults.misbehave(Fault::exitZero));
  ASSERT_TRUE(faults.within(kLong).write(1, bytesOf("a fresh worker\n"), 1));
  EXPECT_TRUE(heard_.line("talker/2/0: a fresh worker"));
}

TEST_F(Output, LastWordsWithoutANewlineArrive) {
  auto module = load();
  const auto faults = handleOf(module);
  ASSERT_TRUE(faults.write(2, bytesOf("last words"), 1));
  EXPECT_FALSE(faults.misbehave(Fault::abort));
  EXPECT_TRUE(heard_.line("last words"));
}

TEST_F(Output, Threat06IsMadePrintableAndCapped) {
  auto module = load();
  const auto faults = handleOf(module);
  ASSERT_TRUE(faults.write(1, bytesOf(std::string("\x1b[31mred\0\xff\xc0\x80 end\n", 17)), 1));
  EXPECT_TRUE(heard_.line("red"));
  ASSERT_TRUE(faults.write(1, bytesOf(std::string(100'000, 'x') + "\n"), 1));
  ASSERT_TRUE(faults.write(-1, bytesOf(std::string(100'000, 'y')), 1));
  ASSERT_TRUE(faults.write(1, bytesOf("done\n"), 1));
  EXPECT_TRUE(heard_.line("yyyy"));
  EXPECT_TRUE(heard_.line("done"));
  for (const std::string& line : heard_.lines()) {
    EXPECT_LE(line.size(), 4200u);
    for (const char byte : line) EXPECT_FALSE(byte >= 0 && byte < 0x20) << static_cast<int>(byte);
  }
}

TEST_F(Output, Threat06FloodIsCutAndCountedAndHoldsNobodyUp) {
  auto module = load();
  auto other = load({}, "other");
  const auto faults = handleOf(module);
  std::thread flood([&] {
    EXPECT_TRUE(faults.within(kLong).write(1, bytesOf("a line of a flood\n"), 20'000));
    EXPECT_TRUE(faults.within(kLong).write(-1, bytesOf("a log line of a flood"), 20'000));
  });
  for (int i = 0; i < 20; ++i) expectServes(handleOf(other));
  flood.join();
  EXPECT_TRUE(faults.write(2, bytesOf("after the flood\n"), 1));
  EXPECT_LT(heard_.lines().size(), 40'000u);
  // What is over the limit is dropped, and said once lines pass again.
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(faults.write(2, bytesOf("still here\n"), 1));
    const auto lines = heard_.lines();
    if (std::any_of(lines.begin(), lines.end(), [](const auto& line) { return line.find("lost") != line.npos; }))
      return;
    std::this_thread::sleep_for(100ms);
  }
  ADD_FAILURE() << "nobody said how many lines were lost";
}

TEST_F(Output, SinkThatIsSlowHarmsNoCall) {
  HostOptions options;
  options.onLog = [](const LogLine&) { std::this_thread::sleep_for(1ms); };
  makeHost(std::move(options));
  auto module = load();
  ASSERT_TRUE(handleOf(module).within(kLong).write(1, bytesOf("x\n"), 500));
  expectServes(handleOf(module));
}

}  // namespace
}  // namespace bulkhead::hostile
