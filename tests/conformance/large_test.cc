// Messages of every size, in particular where they stop to fit a lane's slot and where its regions grow. (C2, I1)
#include "tests/conformance/modules.h"

#include <cstddef>
#include <cstdint>

namespace bulkhead::conformance {
namespace {

// What a slot of the default size can hold, as shared/lane/frame.h has it: 16 KiB without header and last line.
constexpr std::size_t kSlotBytes = 16 * 1024 - 32 - 64;
constexpr std::size_t kMiB = std::size_t{1} << 20;

class LargeTest : public testing::EveryPlacement<shapes::host::Shapes> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("shapes"); }
  Imports imports() override { return echo_; }

  EchoHost echo_;
};
BULKHEAD_EVERY_PLACEMENT(LargeTest);

std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> data(size);
  std::uint32_t state = 1;
  for (std::byte& byte : data) byte = static_cast<std::byte>((state = state * 1664525u + 1013904223u) >> 24);
  return data;
}

TEST_P(LargeTest, EverySizeAroundTheSlotArrives) {
  const auto all = pattern(kSlotBytes + 64);
  for (std::size_t size = kSlotBytes - 96; size <= kSlotBytes + 64; ++size) {
    const std::span part(all.data(), size);
    for (const bool viaHost : {false, true}) {
      const auto back = subject().data(viaHost, part);
      ASSERT_TRUE(back) << size << ": " << back.error().message();
      ASSERT_TRUE(std::ranges::equal(*back, part)) << size;
    }
  }
}

TEST_P(LargeTest, TextsAroundTheSlotArrive) {
  for (std::size_t size = kSlotBytes - 48; size <= kSlotBytes + 8; ++size) {
    const std::string text(size, 'x');
    EXPECT_EQ(subject().text(false, text).value().size(), size);
    EXPECT_EQ(subject().text(true, text).value(), text);
  }
}

TEST_P(LargeTest, SizesOfEveryMagnitudeArriveInBothDirections) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}, kMiB - 1, kMiB, kMiB + 1, 5 * kMiB}) {
    const auto data = pattern(size);
    for (const bool viaHost : {false, true}) {
      const auto back = subject().data(viaHost, data);
      ASSERT_TRUE(back) << size << ": " << back.error().message();
      ASSERT_TRUE(*back == data) << size;
    }
  }
}

TEST_P(LargeTest, SixtyFourMebibytesArrive) {
  const auto data = pattern(64 * kMiB);
  const auto back = subject().data(true, data);
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_TRUE(*back == data);
  EXPECT_EQ(subject().text(false, "small again").value(), "small again");
}

TEST_P(LargeTest, LargeAndSmallCallsAlternate) {
  const auto large = pattern(300'000);
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(subject().data(round % 2 == 0, large).value() == large);
    ASSERT_EQ(subject().text(round % 3 == 0, "small").value(), "small");
  }
}

TEST_P(LargeTest, ListsOfManyTextsArrive) {
  std::vector<std::string> names;
  for (int i = 0; i < 5'000; ++i) names.push_back("name number " + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (const bool viaHost : {false, true}) {
    const auto out = subject().lists(viaHost, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, views, {});
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(out->m, names);
  }
}

TEST_P(LargeTest, ListsOfWideNumbersArrive) {
  std::vector<std::uint64_t> numbers(200'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i * 0x9E37'79B9'7F4A'7C15u;
  const auto out = subject().lists(true, {}, {}, {}, {}, {}, {}, {}, {}, numbers, {}, {}, {}, {}, {});
  ASSERT_TRUE(out) << out.error().message();
  EXPECT_EQ(out->i, numbers);
}

// One of the arguments of an export lies in the slot while an import of the same call needs a region, and the reverse.
TEST_P(LargeTest, ArgumentsStayValidWhileNestedCallsMoveOtherSizes) {
  class Nesting final : public probe::host::ProbeHost {
   public:
    Result<std::uint32_t> recurse(std::uint32_t depth) override { return depth; }
    Result<std::string> act(std::string_view what) override {
      if (what.size() <= 1) return std::string(what);
      auto inner = subject.act(what.substr(what.size() / 2));
      if (!inner) return inner.error();
      return std::string(what.substr(0, what.size() / 2)) + *inner;
    }
    probe::host::Probe subject;
  } nesting;
  auto probe = load(conformance::modulePath("probe"), nesting);
  ASSERT_TRUE(probe) << probe.error().message();
  nesting.subject = probe->get<probe::host::Probe>().value();
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i) text += std::to_string(i);
  EXPECT_EQ(nesting.subject.act(text).value(), text);
}

}  // namespace
}  // namespace bulkhead::conformance
