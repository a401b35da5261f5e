// Every direct shape arrives as it was sent, in both directions. (C1, C2, C3)
#include "tests/conformance/compilers.h"
#include "tests/conformance/modules.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <numeric>

namespace bulkhead::conformance {
namespace {

using shapes::Color;
using ::testing::ElementsAre;

template <class T>
constexpr T kLow = std::numeric_limits<T>::lowest();
template <class T>
constexpr T kHigh = std::numeric_limits<T>::max();

// The tests of one module file, whoever compiled it.
class ShapesFixture : public testing::EveryPlacement<shapes::host::Shapes> {
 protected:
  Imports imports() override { return echo_; }

  void expectEveryShapeComesBack(bool viaHost);

  EchoHost echo_;
};

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> data;
  for (const int value : values) data.push_back(static_cast<std::byte>(value));
  return data;
}

struct Lists {
  std::vector<bool> a = {true, false, true, true, false, false, true, false, true};
  std::vector<std::int8_t> b = {-128, 0, 127};
  std::vector<std::int16_t> c = {kLow<std::int16_t>, 1, kHigh<std::int16_t>};
  std::vector<std::int32_t> d = {kLow<std::int32_t>, kHigh<std::int32_t>};
  std::vector<std::int64_t> e = {kLow<std::int64_t>, kHigh<std::int64_t>, 0};
  std::vector<std::uint8_t> f = {0, 255};
  std::vector<std::uint16_t> g = {65535};
  std::vector<std::uint32_t> h = {kHigh<std::uint32_t>, 7};
  std::vector<std::uint64_t> i = {kHigh<std::uint64_t>};
  std::vector<float> j = {kLow<float>, 0.5F, std::numeric_limits<float>::infinity()};
  std::vector<double> k = {kHigh<double>, -0.0, std::numeric_limits<double>::denorm_min()};
  std::vector<Color> l = {Color::blue, Color::red};
  std::vector<std::string> m = {"", "one", std::string("with\0nul", 8), "\xC3\xBC"};
  std::vector<std::vector<std::byte>> n = {{}, bytes({0, 1, 255}), bytes({9})};
};

Result<shapes::ListsResult> call(const shapes::host::Shapes& subject, bool viaHost, const Lists& in) {
  const auto bits = std::make_unique<bool[]>(in.a.size());  // a vector of bool has no span
  std::copy(in.a.begin(), in.a.end(), bits.get());
  const std::vector<std::string_view> texts(in.m.begin(), in.m.end());
  const std::vector<std::span<const std::byte>> datas(in.n.begin(), in.n.end());
  return subject.lists(viaHost, std::span(bits.get(), in.a.size()), in.b, in.c, in.d, in.e, in.f, in.g, in.h, in.i,
                       in.j, in.k, in.l, texts, datas);
}

void expectSame(const shapes::ListsResult& out, const Lists& in) {
  EXPECT_EQ(out.a, in.a);
  EXPECT_EQ(out.b, in.b);
  EXPECT_EQ(out.c, in.c);
  EXPECT_EQ(out.d, in.d);
  EXPECT_EQ(out.e, in.e);
  EXPECT_EQ(out.f, in.f);
  EXPECT_EQ(out.g, in.g);
  EXPECT_EQ(out.h, in.h);
  EXPECT_EQ(out.i, in.i);
  EXPECT_EQ(out.j, in.j);
  EXPECT_EQ(out.k, in.k);
  EXPECT_EQ(out.l, in.l);
  EXPECT_EQ(out.m, in.m);
  EXPECT_EQ(out.n, in.n);
}

void ShapesFixture::expectEveryShapeComesBack(bool viaHost) {
  const auto scalars = subject().scalars(viaHost, true, -128, -2, 3, -4, 255, 6, 7, 8, 0.5F, -0.25, Color::green);
  ASSERT_TRUE(scalars) << scalars.error().message();
  EXPECT_EQ(scalars->b, -128);
  EXPECT_EQ(scalars->f, 255);
  EXPECT_EQ(scalars->l, Color::green);
  EXPECT_EQ(subject().text(viaHost, "text").value(), "text");
  EXPECT_EQ(subject().data(viaHost, bytes({1, 0, 255})).value(), bytes({1, 0, 255}));
  const Lists lists;
  const auto out = call(subject(), viaHost, lists);
  ASSERT_TRUE(out) << out.error().message();
  expectSame(*out, lists);
  EXPECT_TRUE(subject().nothing(viaHost));
}

class ShapesTest : public ShapesFixture {
 protected:
  std::string modulePath() const override { return conformance::modulePath("shapes"); }
};
BULKHEAD_EVERY_PLACEMENT(ShapesTest);

TEST_P(ShapesTest, ScalarsOfEveryWidthKeepTheirExtremes) {
  for (const bool viaHost : {false, true}) {
    const auto low = subject().scalars(viaHost, false, -128, kLow<std::int16_t>, kLow<std::int32_t>, kLow<std::int64_t>,
                                       0, 0, 0, 0, kLow<float>, kLow<double>, Color::red);
    ASSERT_TRUE(low) << low.error().message();
    EXPECT_FALSE(low->a);
    EXPECT_EQ(low->b, -128);
    EXPECT_EQ(low->c, kLow<std::int16_t>);
    EXPECT_EQ(low->d, kLow<std::int32_t>);
    EXPECT_EQ(low->e, kLow<std::int64_t>);
    EXPECT_EQ(low->f + low->g + low->h + low->i, 0u);
    EXPECT_EQ(low->j, kLow<float>);
    EXPECT_EQ(low->k, kLow<double>);
    EXPECT_EQ(low->l, Color::red);
    const auto high =
        subject().scalars(viaHost, true, 127, kHigh<std::int16_t>, kHigh<std::int32_t>, kHigh<std::int64_t>, 255, 65535,
                          kHigh<std::uint32_t>, kHigh<std::uint64_t>, kHigh<float>, kHigh<double>, Color::blue);
    ASSERT_TRUE(high) << high.error().message();
    EXPECT_TRUE(high->a);
    EXPECT_EQ(high->b, 127);
    EXPECT_EQ(high->c, kHigh<std::int16_t>);
    EXPECT_EQ(high->d, kHigh<std::int32_t>);
    EXPECT_EQ(high->e, kHigh<std::int64_t>);
    EXPECT_EQ(high->f, 255);
    EXPECT_EQ(high->g, 65535);
    EXPECT_EQ(high->h, kHigh<std::uint32_t>);
    EXPECT_EQ(high->i, kHigh<std::uint64_t>);
    EXPECT_EQ(high->j, kHigh<float>);
    EXPECT_EQ(high->k, kHigh<double>);
    EXPECT_EQ(high->l, Color::blue);
  }
}

TEST_P(ShapesTest, FloatsKeepTheirBits) {
  const float nan = std::bit_cast<float>(0x7FC1'2345u);
  const auto out = subject().scalars(true, false, 0, 0, 0, 0, 0, 0, 0, 0, nan, -0.0, Color::red);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(out.value().j), 0x7FC1'2345u);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(out.value().k), 0x8000'0000'0000'0000u);
}

TEST_P(ShapesTest, EnumValuesNobodyNamedPass) {
  EXPECT_EQ(subject().color(Color::blue).value(), Color::blue);
  EXPECT_EQ(subject().color(static_cast<Color>(40'000)).value(), static_cast<Color>(40'000));
}

TEST_P(ShapesTest, TextsKeepEveryByte) {
  for (const bool viaHost : {false, true}) {
    for (const std::string& text :
         {std::string(), std::string("a"), std::string("seven b"), std::string("8 bytes!"), std::string("in\0side", 7),
          std::string("\0", 1), std::string("\xE2\x82\xAC \xF0\x9F\x98\x80"), std::string("not UTF-8: \xFF\xC0\x80")}) {
      EXPECT_EQ(subject().text(viaHost, text).value(), text);
    }
  }
}

TEST_P(ShapesTest, DataKeepsEveryByte) {
  std::vector<std::byte> all(256);
  for (unsigned i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i);
  for (const bool viaHost : {false, true}) {
    EXPECT_EQ(subject().data(viaHost, {}).value(), bytes({}));
    for (std::size_t size = 1; size <= 17; ++size) {
      const std::vector<std::byte> some(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(subject().data(viaHost, some).value(), some);
    }
    EXPECT_EQ(subject().data(viaHost, all).value(), all);
  }
}

TEST_P(ShapesTest, ListsOfEveryElementArrive) {
  const Lists lists;
  for (const bool viaHost : {false, true}) {
    const auto out = call(subject(), viaHost, lists);
    ASSERT_TRUE(out) << out.error().message();
    expectSame(*out, lists);
  }
}

TEST_P(ShapesTest, EmptyListsArriveEmpty) {
  Lists empty;
  empty.a.clear(), empty.b.clear(), empty.c.clear(), empty.d.clear(), empty.e.clear(), empty.f.clear();
  empty.g.clear(), empty.h.clear(), empty.i.clear(), empty.j.clear(), empty.k.clear(), empty.l.clear();
  empty.m.clear(), empty.n.clear();
  for (const bool viaHost : {false, true}) {
    const auto out = call(subject(), viaHost, empty);
    ASSERT_TRUE(out) << out.error().message();
    expectSame(*out, empty);
  }
}

TEST_P(ShapesTest, BoolListsOfEveryLengthKeepTheirBits) {
  for (std::size_t length = 0; length <= 70; ++length) {
    Lists lists;
    lists.a.clear();
    for (std::size_t i = 0; i < length; ++i) lists.a.push_back(i % 3 == 0);
    EXPECT_EQ(call(subject(), false, lists).value().a, lists.a);
  }
}

TEST_P(ShapesTest, AMethodMayHaveNoParameterAndNoResult) {
  EXPECT_TRUE(subject().empty());
  EXPECT_TRUE(subject().nothing(false));
  EXPECT_EQ(echo_.nothings, 0);
  EXPECT_TRUE(subject().nothing(true));
  EXPECT_EQ(echo_.nothings, 1);
  EXPECT_EQ(subject().one().value(), 0x8000'0000'0000'0001u);
  EXPECT_TRUE(subject().bit(true).value());
  EXPECT_FALSE(subject().bit(false).value());
  EXPECT_THAT(subject().names().value(), ElementsAre("", "one", "two words"));
}

TEST_P(ShapesTest, ArgumentsAreOnlyBorrowed) {
  std::vector<double> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 1.0);
  EXPECT_EQ(subject().sum(numbers).value(), 5050.0);
  numbers.assign(100, 1.0);
  EXPECT_EQ(subject().sum(numbers).value(), 100.0);
}

TEST_P(ShapesTest, ResultsOutliveTheModule) {
  auto text = subject().text(false, std::string(1000, 'x')).value();
  auto names = subject().names().value();
  ASSERT_TRUE(module().unload());
  EXPECT_EQ(text, std::string(1000, 'x'));
  EXPECT_EQ(names.at(2), "two words");
}

#ifdef HAS_COMPILERS
// Nothing of C++ crosses: neither the compiler nor the standard library has to be the host's. (C3)
class CompilersShapesTest : public CompilerRow<ShapesFixture> {
 protected:
  CompilersShapesTest() : CompilerRow("shapes") {}
};
#define SHAPES_BY(Row) BULKHEAD_COMPILER_PLACEMENTS(Row, CompilersShapesTest)
FOR_EACH_COMPILER(SHAPES_BY)

TEST_P(CompilersShapesTest, EveryShapeComesBack) { expectEveryShapeComesBack(false); }
TEST_P(CompilersShapesTest, EveryShapeComesBackFromTheHost) { expectEveryShapeComesBack(true); }
#endif

}  // namespace
}  // namespace bulkhead::conformance
