// The largest payloads, the smallest, and those over the cap of an isolated module. (C2, I1)
#include "constructs.host.h"
#include "journal.host.h"
#include "palette.host.h"
#include "tests/conformance/modules.h"

#include <capnp/message.h>
#include <gmock/gmock.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <numeric>

namespace bulkhead::conformance {
namespace {

using ::testing::HasSubstr;

#ifdef IS_SANITIZED
constexpr std::size_t kHuge = 20'000'000;  // a sanitizer's shadow takes a multiple of it
#else
constexpr std::size_t kHuge = 200'000'000;
#endif

constexpr std::uint64_t kCap = 1 << 20;

std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> data(size);
  std::uint64_t state = 1;
  for (std::size_t at = 0; at + sizeof state <= size; at += sizeof state) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::memcpy(data.data() + at, &state, sizeof state);
  }
  return data;
}

class Echo final : public palette::host::PaletteHost, public journal::host::Journal {
 public:
  Result<palette::PaletteHostReportResult> report(std::string_view line) override {
    return palette::PaletteHostReportResult{0, std::string(line)};
  }
  Result<std::vector<std::byte>> bytes(std::span<const std::byte> data) override {
    largest = std::max(largest, data.size());
    return std::vector<std::byte>(replyBytes == 0 ? data.size() : replyBytes, data.empty() ? std::byte{} : data.back());
  }
  Result<palette::PaletteHostMixerMixResult> mix(palette::Shade, geometry::Axis) override { return Error("no"); }
  Result<bool> write(journal::Level, std::string_view) override { return true; }
  Result<std::string> name() override { return "echo"; }
  Result<journal::RenameResult> rename(std::string_view) override { return Error("no"); }

  std::size_t largest = 0;
  std::size_t replyBytes = 0;  // 0: as many as came
};

class PayloadTest : public testing::EveryPlacement<palette::host::Palette> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("palette"); }
  Imports imports() override {
    return {static_cast<palette::host::PaletteHost&>(echo_), static_cast<journal::host::Journal&>(echo_)};
  }

  Echo echo_;
};
BULKHEAD_EVERY_PLACEMENT(PayloadTest);

TEST_P(PayloadTest, TwoHundredMegabytesOfDataGoInAndComeOut) {
  if (kHuge < 200'000'000) std::cout << "sanitized build: only " << kHuge << " bytes\n";
  const auto data = pattern(kHuge);
  const auto back = subject().bytes(false, data);
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_TRUE(*back == data);
  EXPECT_EQ(subject().report(false, "small again").value().last, "small again");
}

TEST_P(PayloadTest, TwoHundredMegabytesOfDataGoThroughAnImport) {
  const auto data = std::vector<std::byte>(kHuge, std::byte{0x5a});
  const auto back = subject().bytes(true, data);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(echo_.largest, kHuge);
  ASSERT_TRUE(*back == data);
}

TEST_P(PayloadTest, TwoHundredMegabytesOfNumbersGoInAndComeOut) {
  std::vector<std::int64_t> numbers(kHuge / sizeof(std::int64_t));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{-1} << 62);
  const auto back = subject().numbers(numbers);
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_TRUE(*back == numbers);
}

TEST_P(PayloadTest, TwoHundredMegabytesOfTextGoInAndComeOut) {
  const std::string line(kHuge, 'x');
  const auto back = subject().report(false, line);
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_TRUE(back->last == line);
}

TEST_P(PayloadTest, NothingAtAllGoesInAndComesOut) {
  for (const bool viaHost : {false, true}) {
    EXPECT_TRUE(subject().bytes(viaHost, {}).value().empty());
    EXPECT_EQ(subject().report(false, "").value().last, "");
  }
  EXPECT_TRUE(subject().numbers({}).value().empty());
  EXPECT_TRUE(subject().flags({}).value().empty());
}

// Structs of the same size, built and read by capnp.
class StructPayloadTest : public testing::EveryPlacement<constructs::host::Constructs> {
 protected:
  class Nobody final : public constructs::host::ConstructsHost {
    using Api = constructs::ConstructsHost;
    using Point = geometry::Point;
    Result<void> points(capnp::List<Point>::Reader, Api::PointsResults::Builder) override { return no(); }
    Result<void> rows(capnp::List<capnp::List<std::int32_t>>::Reader, Api::RowsResults::Builder) override {
      return no();
    }
    Result<void> words(capnp::List<capnp::List<capnp::Text>>::Reader, Api::WordsResults::Builder) override {
      return no();
    }
    Result<void> axes(capnp::List<capnp::List<geometry::Axis>>::Reader, Api::AxesResults::Builder) override {
      return no();
    }
    Result<void> cube(capnp::List<capnp::List<capnp::List<float>>>::Reader, Api::CubeResults::Builder) override {
      return no();
    }
    Result<void> any(capnp::AnyPointer::Reader, Api::AnyResults::Builder) override { return no(); }
    Result<void> anySorted(capnp::AnyStruct::Reader, capnp::AnyList::Reader, Api::AnySortedResults::Builder) override {
      return no();
    }
    Result<void> search(constructs::Request::Reader, constructs::Response::Builder) override { return no(); }
    Result<void> mixed(Point::Reader, std::uint32_t, std::span<const std::string_view>, std::span<const bool>,
                       geometry::Axis, Api::MixedResults::Builder) override {
      return no();
    }
    Result<void> shape(constructs::Shape::Reader, constructs::Shape::Builder) override { return no(); }
    Result<void> boxes(geometry::Box<capnp::Text>::Reader, geometry::Box<capnp::Data>::Part::Reader,
                       capnp::List<geometry::Box<Point>>::Reader, geometry::Box<>::Reader,
                       Api::BoxesResults::Builder) override {
      return no();
    }
    Result<void> paint(constructs::Shape::Paint::Reader, constructs::Shape::Finish,
                       Api::PaintResults::Builder) override {
      return no();
    }
    Result<constructs::ConstructsHostTallyResult> tally(std::span<const std::string_view>) override { return no(); }
    Result<void> voids(capnp::List<capnp::Void>::Reader, Api::VoidsResults::Builder) override { return no(); }
    Result<std::string> name() override { return no(); }
    Result<constructs::ConstructsHostNamedRenameResult> rename(std::string_view) override { return no(); }

    static Error no() { return Error("not called here"); }
  };

  std::string modulePath() const override { return conformance::modulePath("constructs"); }
  Imports imports() override { return nobody_; }

  Nobody nobody_;
};
BULKHEAD_EVERY_PLACEMENT(StructPayloadTest);

TEST_P(StructPayloadTest, TwoHundredMegabytesInAStructGoInAndComeOut) {
  capnp::MallocMessageBuilder message(static_cast<unsigned>(kHuge / sizeof(capnp::word) + 64));
  auto data = message.getRoot<capnp::AnyPointer>().initAs<capnp::Data>(static_cast<unsigned>(kHuge));
  std::memset(data.begin(), 0x5a, data.size());
  const auto back = subject().any(false, message.getRoot<capnp::AnyPointer>().asReader());
  ASSERT_TRUE(back) << back.error().message();
  const auto out = back->reader().getValue().getAs<capnp::Data>();
  ASSERT_EQ(out.size(), kHuge);
  ASSERT_TRUE(std::memcmp(out.begin(), data.begin(), kHuge) == 0);
}

TEST_P(StructPayloadTest, AListOfAMillionListsGoesInAndComesOut) {
  constexpr unsigned kRows = 1'000'000;
  capnp::MallocMessageBuilder message;
  auto rows = message.getRoot<capnp::AnyPointer>().initAs<capnp::List<capnp::List<std::int32_t>>>(kRows);
  for (unsigned i = 0; i < kRows; ++i) rows.init(i, 1).set(0, static_cast<std::int32_t>(i));
  const auto back = subject().rows(false, rows.asReader());
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_EQ(back->reader().getRows().size(), kRows);
  EXPECT_EQ(back->reader().getRows()[0][0], static_cast<std::int32_t>(kRows - 1));
}

// One process has no messages of direct methods, and so no cap on them.
class CapTest : public PayloadTest {
 protected:
  Placement placement(Placement::Kind kind) const override {
    return kind == Placement::Kind::inProcess ? Placement::inProcess() : Placement::isolated({.maxMessageBytes = kCap});
  }

  // `result` is of a call over the cap: isolated it is refused, and the module goes on either way.
  template <class T>
  void expectOverCap(const Result<T>& result) {
    if (kind() == Placement::Kind::inProcess) {
      EXPECT_TRUE(result);
    } else {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind(), ErrorKind::messageTooLarge) << result.error().message();
      EXPECT_THAT(result.error().text(), HasSubstr("over the cap of 1048576 bytes"));
    }
    EXPECT_EQ(subject().report(true, "small").value().last, "small");
    EXPECT_EQ(module().generation(), 1u) << "nobody was killed for it";
  }
};
BULKHEAD_EVERY_PLACEMENT(CapTest);

TEST_P(CapTest, ArgumentsOverTheCapAreRefused) { expectOverCap(subject().bytes(false, pattern(kCap + 1))); }

TEST_P(CapTest, SeveralArgumentsTogetherCount) {
  const auto half = pattern(kCap * 3 / 4);
  EXPECT_TRUE(subject().bytes(false, half));
  const std::byte* const bytes = half.data();
  const std::span<const std::byte> both[] = {{bytes, half.size()}, {bytes, half.size()}};
  expectOverCap(subject().defaults(0, false, 0, {}, "", {}, {}, {}, {}, {}, both, {}, 0, {}));
}

TEST_P(CapTest, ResultsOfImportsOverTheCapAreRefused) {
  echo_.replyBytes = kCap + 8;
  const auto result = subject().bytes(true, pattern(16));
  EXPECT_EQ(static_cast<bool>(result), kind() == Placement::Kind::inProcess);
  if (!result) {
    EXPECT_THAT(result.error().message(), HasSubstr("over the cap of 1048576 bytes"));
  }
  echo_.replyBytes = 0;
  EXPECT_EQ(subject().bytes(true, pattern(16)).value().size(), 16u);
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(CapTest, WhatJustFitsArrives) {
  const auto data = pattern(kCap - 256);
  for (const bool viaHost : {false, true}) EXPECT_EQ(subject().bytes(viaHost, data).value().size(), data.size());
}

}  // namespace
}  // namespace bulkhead::conformance
