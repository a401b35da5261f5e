#include "direct.host.h"
#include "direct.module.h"
#include "imports_only.host.h"
#include "imports_only.module.h"
#include "tests/unit/proto/loopback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace bulkhead::test {
namespace {

using golden::direct::Color;
using testing::HasSubstr;

class DirectModule final : public golden::direct::module::Direct {
 public:
  explicit DirectModule(golden::direct::module::DirectHost& host) : host_(host) {}

  Result<std::int32_t> add(std::int32_t a, std::int32_t b) override {
    if (a == 42) throw std::out_of_range("not this one");
    if (a == 43) throw 7;
    return a + b;
  }
  Result<golden::direct::DivideResult> divide(std::int32_t a, std::int32_t b) override {
    if (b == 0) return Error("division by zero");
    return golden::direct::DivideResult{a / b, a % b, a % b == 0, Color::green, "done"};
  }
  Result<std::string> greet(std::string_view name) override {
    if (auto logged = host_.log(name); !logged) return logged.error();
    return "hello " + std::string(name);
  }
  Result<golden::direct::EchoResult> echo(bool a, std::int8_t b, std::int16_t c, std::int32_t d, std::int64_t e,
                                          std::uint8_t f, std::uint16_t g, std::uint32_t h, std::uint64_t i, float j,
                                          double k, Color l, std::string_view m,
                                          std::span<const std::byte> n) override {
    return golden::direct::EchoResult{a, b, c, d, e, f, g, h, i, j, k, l, std::string(m), {n.begin(), n.end()}};
  }
  Result<golden::direct::ListsResult> lists(std::span<const bool> a, std::span<const std::int8_t> b,
                                            std::span<const std::int16_t> c, std::span<const std::int32_t> d,
                                            std::span<const std::int64_t> e, std::span<const std::uint8_t> f,
                                            std::span<const std::uint16_t> g, std::span<const std::uint32_t> h,
                                            std::span<const std::uint64_t> i, std::span<const float> j,
                                            std::span<const double> k, std::span<const Color> l,
                                            std::span<const std::string_view> m,
                                            std::span<const std::span<const std::byte>> n) override {
    golden::direct::ListsResult result;
    const auto copy = [](auto& to, const auto& from) {
      for (const auto& element : from) {
        if constexpr (requires { to.emplace_back(element.begin(), element.end()); }) {
          to.emplace_back(element.begin(), element.end());
        } else {
          to.push_back(element);
        }
      }
    };
    copy(result.a, a), copy(result.b, b), copy(result.c, c), copy(result.d, d), copy(result.e, e);
    copy(result.f, f), copy(result.g, g), copy(result.h, h), copy(result.i, i), copy(result.j, j);
    copy(result.k, k), copy(result.l, l), copy(result.m, m), copy(result.n, n);
    return result;
  }
  Result<void> nothing() override { return {}; }
  Result<std::vector<bool>> flip(std::span<const bool> bits) override {
    std::vector<bool> flipped;
    for (bool bit : bits) flipped.push_back(!bit);
    return flipped;
  }
  Result<bool> names(bool self, std::string_view error, std::int8_t value, std::int16_t table,
                     std::span<const std::string_view> status) override {
    return self && error == "e" && value == 1 && table == 2 && status.size() == 1;
  }
  Result<std::vector<std::string>> relay(std::span<const std::string_view> lines) override {
    auto joined = host_.join(lines);
    if (!joined) return joined.error();
    if (joined->count != lines.size()) return Error("wrong count");
    return joined->lines;
  }
  Result<Color> colour(Color of) override { return of; }

 private:
  golden::direct::module::DirectHost& host_;
};

class DirectHost final : public golden::direct::host::DirectHost {
 public:
  Result<void> log(std::string_view line) override {
    if (line == "throw") throw std::logic_error("the host throws");
    if (line == "fail") return Error("the host refuses");
    lines.emplace_back(line);
    return {};
  }
  Result<golden::direct::JoinResult> join(std::span<const std::string_view> given) override {
    return golden::direct::JoinResult{{given.begin(), given.end()}, static_cast<std::uint8_t>(given.size())};
  }
  std::vector<std::string> lines;
};

class DirectTest : public testing::TestWithParam<Way> {
 protected:
  DirectHost host_;
  Linked<DirectModule, golden::direct::host::Direct, DirectHost> linked_{GetParam(), host_};
  golden::direct::host::Direct subject_ = linked_.handle();
};
INSTANTIATE_TEST_SUITE_P(EveryWay, DirectTest, testing::Values(Way::direct, Way::words), nameOf);

TEST_P(DirectTest, ScalarsArrive) {
  EXPECT_EQ(subject_.add(40, 1).value(), 41);
  EXPECT_TRUE(subject_.nothing());
  EXPECT_EQ(subject_.colour(Color::green).value(), Color::green);
  EXPECT_EQ(subject_.colour(static_cast<Color>(7)).value(), static_cast<Color>(7)) << "a newer side's value passes";
}

TEST_P(DirectTest, SeveralResultsArrive) {
  const auto result = subject_.divide(-7, 2).value();
  EXPECT_EQ(result.quotient, -3);
  EXPECT_EQ(result.remainder, -1);
  EXPECT_FALSE(result.isExact);
  EXPECT_EQ(result.color, Color::green);
  EXPECT_EQ(result.label, "done");
}

TEST_P(DirectTest, EveryTypeComesBackUnchanged) {
  const std::byte data[] = {std::byte{0}, std::byte{255}, std::byte{3}};
  using namespace std::string_view_literals;
  const auto result =
      subject_
          .echo(true, -128, -32768, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int64_t>::min(),
                255, 65535, 4294967295u, 18446744073709551615u, 1.5f, -2.25, Color::green, "a\0b"sv, data)
          .value();
  EXPECT_TRUE(result.a);
  EXPECT_EQ(result.b, -128);
  EXPECT_EQ(result.c, -32768);
  EXPECT_EQ(result.d, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(result.e, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(result.f, 255);
  EXPECT_EQ(result.g, 65535);
  EXPECT_EQ(result.h, 4294967295u);
  EXPECT_EQ(result.i, 18446744073709551615u);
  EXPECT_EQ(result.j, 1.5f);
  EXPECT_EQ(result.k, -2.25);
  EXPECT_EQ(result.l, Color::green);
  EXPECT_EQ(result.m, "a\0b"sv);
  EXPECT_EQ(result.n, std::vector<std::byte>(std::begin(data), std::end(data)));
}

TEST_P(DirectTest, EveryListComesBackUnchanged) {
  const bool a[] = {true, false, true, true, false, false, true, false, true};
  const std::int8_t b[] = {-1, 2};
  const std::int16_t c[] = {-3};
  const std::int32_t d[] = {1, 2, 3};
  const std::int64_t e[] = {-4};
  const std::uint8_t f[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::uint16_t g[] = {65535};
  const std::uint64_t i[] = {~std::uint64_t{0}, 1};
  const float j[] = {1.5f, 2.5f, 3.5f};
  const double k[] = {0.5};
  const Color l[] = {Color::green, Color::red};
  const std::string_view m[] = {"", "one", "a longer text than a word"};
  const std::byte bytes[] = {std::byte{1}, std::byte{2}};
  const std::span<const std::byte> n[] = {bytes, {}};
  const auto result = subject_.lists(a, b, c, d, e, f, g, {}, i, j, k, l, m, n).value();
  EXPECT_EQ(result.a, std::vector<bool>(std::begin(a), std::end(a)));
  EXPECT_THAT(result.b, testing::ElementsAreArray(b));
  EXPECT_THAT(result.c, testing::ElementsAreArray(c));
  EXPECT_THAT(result.d, testing::ElementsAreArray(d));
  EXPECT_THAT(result.e, testing::ElementsAreArray(e));
  EXPECT_THAT(result.f, testing::ElementsAreArray(f));
  EXPECT_THAT(result.g, testing::ElementsAreArray(g));
  EXPECT_TRUE(result.h.empty());
  EXPECT_THAT(result.i, testing::ElementsAreArray(i));
  EXPECT_THAT(result.j, testing::ElementsAreArray(j));
  EXPECT_THAT(result.k, testing::ElementsAreArray(k));
  EXPECT_THAT(result.l, testing::ElementsAreArray(l));
  EXPECT_THAT(result.m, testing::ElementsAre("", "one", "a longer text than a word"));
  EXPECT_THAT(result.n, testing::ElementsAre(testing::ElementsAreArray(bytes), testing::IsEmpty()));
  EXPECT_EQ(subject_.flip(a).value().size(), 9u);
}

TEST_P(DirectTest, FieldsMayHaveTheNamesOfGeneratedCode) {
  const std::string_view status[] = {"s"};
  EXPECT_TRUE(subject_.names(true, "e", 1, 2, status).value());
}

TEST_P(DirectTest, ImportsAreCalled) {
  EXPECT_EQ(subject_.greet("you").value(), "hello you");
  EXPECT_THAT(host_.lines, testing::ElementsAre("you"));
  const std::string_view lines[] = {"a", "", "ccc"};
  EXPECT_THAT(subject_.relay(lines).value(), testing::ElementsAre("a", "", "ccc"));
}

TEST_P(DirectTest, AnErrorOfTheModuleArrivesWithItsText) {
  const auto result = subject_.divide(1, 0);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text(), HasSubstr("division by zero"));
}

TEST_P(DirectTest, AnExceptionArrivesWithTypeAndText) {
  const auto result = subject_.add(42, 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().type(), "std::out_of_range");
  EXPECT_EQ(result.error().text(), "not this one");
  EXPECT_EQ(subject_.add(43, 0).error().type(), "int");
}

TEST_P(DirectTest, AnImportThatThrowsIsAnErrorInTheModule) {
  const auto thrown = subject_.greet("throw");
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().type(), "std::logic_error");
  EXPECT_EQ(thrown.error().text(), "the host throws");
  EXPECT_EQ(subject_.greet("fail").error().text(), "the host refuses");
  EXPECT_EQ(subject_.greet("on").value(), "hello on");
}

TEST_P(DirectTest, AReplyWithoutRoomIsAnError) {
  if (GetParam() == Way::direct) {
    EXPECT_EQ(subject_.greet(std::string(100'000, 'x')).value().size(), 100'006u) << "nothing limits a direct call";
    return;
  }
  linked_.exportLoop().maxReplyWords = 100;
  const auto result = subject_.greet(std::string(1000, 'x'));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text(), HasSubstr("no room"));
  EXPECT_EQ(subject_.greet("x").value(), "hello x");
}

TEST(SkeletonTest, AnUnknownMethodIsUnimplemented) {
  const BulkheadExport& exported = detail::moduleOf<DirectModule>()->exports[0];
  Reported reported;
  const BulkheadReply reply = {nullptr, nullptr};
  EXPECT_EQ(exported.skeleton(exported.table, nullptr, 99, {}, &reply, reported.sink()), BULKHEAD_FAILED);
  EXPECT_THAT(reported.text, HasSubstr("Direct method @99"));
}

TEST(SkeletonTest, AMalformedMessageIsRefusedBeforeTheCall) {
  const BulkheadExport& exported = detail::moduleOf<DirectModule>()->exports[0];
  const std::uint64_t leadsOut[] = {std::uint64_t{1} << 48 | 0x7ffffff0};
  Reported reported;
  const BulkheadReply reply = {nullptr, nullptr};
  EXPECT_EQ(exported.skeleton(exported.table, nullptr, 2, {leadsOut, 1}, &reply, reported.sink()), BULKHEAD_FAILED);
  EXPECT_THAT(reported.text, HasSubstr("malformed message"));
}

TEST(CreateTest, AMissingImportIsNamed) {
  const BulkheadModule* module = detail::moduleOf<DirectModule>();
  const BulkheadCreateArguments nothing = {sizeof(nothing), nullptr, nullptr, 0};
  void* self = nullptr;
  Reported reported;
  EXPECT_EQ(module->create(&nothing, &self, reported.sink()), BULKHEAD_FAILED);
  EXPECT_THAT(reported.text, HasSubstr("DirectHost"));
}

TEST(CreateTest, AShortImportTableIsFilledWithUnimplemented) {
  DirectHost host;
  auto table = *reinterpret_cast<const golden::direct::DirectHostTable*>(hostImport(host).table);
  table.header.size = sizeof(BulkheadTable);
  const golden::direct::module::DirectHost import({table.header.interface_id, &table.header, &host});
  EXPECT_EQ(import.log("x").error().kind(), ErrorKind::unimplemented);
  EXPECT_EQ(import.log("x").error().method(), "DirectHost.log");
}

// Several contracts, one of them with imports only; no constructor that takes them.
class Plain {
 public:
  explicit Plain(imports_only::module::Journal& journal) : journal(journal) {}
  imports_only::module::Journal& journal;
};
TEST(ConstantTest, NumbersNeedNotBeFinite) {
  EXPECT_EQ(golden::direct::kLimitless, std::numeric_limits<float>::infinity());
  EXPECT_EQ(golden::direct::kBottomless, -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(golden::direct::kUnknown));
}

TEST(CreateTest, AContractMayHaveImportsOnly) {
  const BulkheadModule* module = detail::moduleOf<Plain, imports_only::module::JournalContract>();
  EXPECT_EQ(module->export_count, 0u);
  ASSERT_EQ(module->import_count, 1u);
  EXPECT_STREQ(module->imports[0].name, "Journal");
}

}  // namespace
}  // namespace bulkhead::test
