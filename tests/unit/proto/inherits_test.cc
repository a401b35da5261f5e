// Default values and inherited methods, where only a table, a message and a skeleton are involved.
#include "inherits.capnp.h"
#include "inherits.host.h"
#include "inherits.module.h"
#include "tests/unit/proto/loopback.h"

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bulkhead::test {
namespace {

namespace inherits = golden::inherits;
using golden::common::Unit;
using inherits::Side;
using testing::ElementsAre;

// As a container that matchers know.
template <class List>
auto valuesOf(const List& list) {
  std::vector<decltype(list[0])> values;
  for (const auto value : list) values.push_back(value);
  return values;
}

// Answers with what it got.
class InheritsModule final : public inherits::module::Inherits {
 public:
  explicit InheritsModule(inherits::module::InheritsHost& host) : host_(host) {}

  Result<inherits::AllResult> all(std::int32_t a, bool b, float c, Side d, std::string_view e,
                                  std::span<const std::byte> f, std::span<const std::int16_t> g,
                                  std::span<const std::string_view> h, std::span<const bool> i, std::span<const Unit> j,
                                  std::span<const double> k, std::uint64_t l) override {
    return inherits::AllResult{a,
                               b,
                               c,
                               d,
                               std::string(e),
                               {f.begin(), f.end()},
                               {g.begin(), g.end()},
                               {h.begin(), h.end()},
                               {i.begin(), i.end()},
                               {j.begin(), j.end()},
                               {k.begin(), k.end()},
                               l};
  }
  Result<Unit> convert(Unit unit) override { return unit; }
  Result<inherits::ResizeResult> resize(Unit, std::int32_t by) override {
    auto theirs = host_.resize(Unit::LIGHT_YEAR, by);
    if (!theirs) return theirs.error();
    return inherits::ResizeResult{theirs->before, theirs->after};
  }
  Result<std::int32_t> size() override { return host_.size(); }
  Result<std::string> name() override { return host_.name(); }

 private:
  inherits::module::InheritsHost& host_;
};

struct InheritsHost final : inherits::host::InheritsHost {
  Result<void> show(std::string_view line) override {
    shown = line;
    return {};
  }
  Result<inherits::InheritsHostSizedResizeResult> resize(Unit, std::int32_t by) override {
    return inherits::InheritsHostSizedResizeResult{std::exchange(units, units + by), units};
  }
  Result<std::int32_t> size() override { return units; }
  Result<std::string> name() override { return "host"; }

  std::string shown;
  std::int32_t units = 3;
};

// Takes what a skeleton answers.
struct Answer {
  std::vector<std::uint64_t> words;
  BulkheadReply reply = {this, [](void* context, std::uint64_t size) {
                           auto& self = *static_cast<Answer*>(context);
                           self.words.resize(size, 0xdbdbdbdbdbdbdbdb);
                           return self.words.data();
                         }};
};

BulkheadBytes wordsOf(capnp::MallocMessageBuilder& message) {
  const auto segment = message.getSegmentsForOutput()[0];
  return {segment.begin(), segment.size()};
}

// A module of one table, without a host.
class DefaultsTest : public testing::Test {
 protected:
  // Calls method `ordinal` of the exports by message.
  template <class Results>
  typename Results::Reader call(std::uint16_t ordinal, BulkheadBytes params) {
    const BulkheadExport& exported = detail::moduleOf<InheritsModule>()->exports[0];
    Reported reported;
    EXPECT_EQ(exported.skeleton(exported.table, self_, ordinal, params, &answer_.reply, reported.sink()), BULKHEAD_OK)
        << reported.text;
    const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(answer_.words.data()),
                                                  answer_.words.size());
    reader_ = std::make_unique<capnp::SegmentArrayMessageReader>(kj::arrayPtr(&segment, 1));
    return reader_->getRoot<Results>();
  }
  void SetUp() override {
    const BulkheadModule& module = *detail::moduleOf<InheritsModule>();
    ASSERT_EQ(module.export_count, 3u) << "its own, and one for each ancestor";
    ASSERT_EQ(module.import_count, 3u);
    const auto given = hostImport(host_);
    BulkheadImport imports[3];
    target_ = {given[0].object, nullptr};
    for (std::size_t i = 0; i < given.size(); ++i) imports[i] = {given[i].interfaceId, given[i].table, &target_};
    const BulkheadCreateArguments arguments = {sizeof(arguments), nullptr, imports, 3};
    Reported reported;
    ASSERT_EQ(module.create(&arguments, &self_, reported.sink()), BULKHEAD_OK) << reported.text;
  }
  void TearDown() override { detail::moduleOf<InheritsModule>()->destroy(self_); }

  InheritsHost host_;
  detail::ImportTarget target_{};
  void* self_ = nullptr;
  Answer answer_;
  std::unique_ptr<capnp::SegmentArrayMessageReader> reader_;
};

using AllParams = inherits::Inherits::AllParams;
using AllResults = inherits::Inherits::AllResults;

TEST_F(DefaultsTest, WhatTheMessageLacksIsTheDefault) {
  // The parameters of an older caller, who knew none of them.
  const std::uint64_t empty[] = {0x00000000fffffffc};
  const auto out = call<AllResults>(0, {empty, 1});
  EXPECT_EQ(out.getA(), -1);
  EXPECT_TRUE(out.getB());
  EXPECT_EQ(out.getC(), 1.5F);
  EXPECT_EQ(out.getD(), inherits::Inherits::Side::FAR_RIGHT);
  EXPECT_EQ(out.getE(), "e?");
  ASSERT_EQ(out.getF().size(), 2u);
  EXPECT_EQ(out.getF()[1], 1);
  EXPECT_THAT(valuesOf(out.getG()), ElementsAre(1, -2));
  ASSERT_EQ(out.getH().size(), 2u);
  EXPECT_EQ(std::string(out.getH()[0]), "x");
  EXPECT_THAT(valuesOf(out.getI()), ElementsAre(true));
  ASSERT_EQ(out.getJ().size(), 1u);
  EXPECT_EQ(out.getJ()[0], Unit::LIGHT_YEAR);
  ASSERT_EQ(out.getK().size(), 2u);
  EXPECT_TRUE(std::isinf(out.getK()[1]));
  EXPECT_EQ(out.getL(), 0u);
}

TEST_F(DefaultsTest, WhatCapnpWritesIsReadAsCapnpReadsIt) {
  capnp::MallocMessageBuilder message;
  auto params = message.initRoot<AllParams>();
  params.setA(5);
  params.setB(false);
  params.setC(-2);
  params.setD(inherits::Inherits::Side::LEFT);
  params.setE("");
  params.initF(0);
  params.initG(1).set(0, 9);
  params.initH(0);
  params.initI(2).set(1, true);
  params.initJ(0);
  params.initK(1).set(0, -0.0);
  params.setL(~std::uint64_t{0});
  const auto out = call<AllResults>(0, wordsOf(message));
  EXPECT_EQ(out.getA(), 5);
  EXPECT_FALSE(out.getB());
  EXPECT_EQ(out.getC(), -2.0F);
  EXPECT_EQ(out.getD(), inherits::Inherits::Side::LEFT);
  EXPECT_EQ(out.getE(), "");
  EXPECT_EQ(out.getF().size(), 0u);
  EXPECT_THAT(valuesOf(out.getG()), ElementsAre(9));
  EXPECT_EQ(out.getH().size(), 0u);
  EXPECT_THAT(valuesOf(out.getI()), ElementsAre(false, true));
  EXPECT_EQ(out.getJ().size(), 0u);
  EXPECT_TRUE(std::signbit(out.getK()[0]));
  EXPECT_EQ(out.getL(), ~std::uint64_t{0});
}

TEST_F(DefaultsTest, WhatStubsWriteCapnpReads) {
  const BulkheadExport& exported = detail::moduleOf<InheritsModule>()->exports[0];
  Loopback loop(exported.table, self_, exported.skeleton);
  const BulkheadTable* stubs = nullptr;
  for (const auto& known : detail::ContractRegistration::all()) {
    if (known.exports != nullptr && known.exports->interfaceId == exported.interface_id)
      stubs = known.exports->stubTable;
  }
  ASSERT_NE(stubs, nullptr);
  const auto& table = *reinterpret_cast<const inherits::InheritsTable*>(stubs);
  Reported reported;
  std::int32_t a = 1;
  std::uint8_t b = 1;
  float c = 1;
  std::uint16_t d = 1;
  std::string e = "left over";
  std::vector<std::byte> f(1);
  std::vector<std::int16_t> g(1);
  std::vector<std::string> h(1);
  std::vector<bool> i(1);
  std::vector<std::uint16_t> j(1);
  std::vector<double> k(1);
  std::uint64_t l = 1;
  const std::int32_t status =
      table.all(&loop, 0, 0, 0, 0, {}, {}, {}, {}, {}, {}, {}, 0, &a, &b, &c, &d, detail::TextSink(e).sink(),
                detail::DataSink(f).sink(), detail::ListSink<std::int16_t>(g).sink(), detail::TextListSink(h).sink(),
                detail::BoolListSink(i).sink(), detail::ListSink<std::uint16_t>(j).sink(),
                detail::ListSink<double>(k).sink(), &l, reported.sink());
  ASSERT_EQ(status, BULKHEAD_OK) << reported.text;
  EXPECT_EQ(a + b + d, 0);
  EXPECT_EQ(c, 0.0F);
  EXPECT_EQ(e, "");
  EXPECT_EQ(f.size() + g.size() + h.size() + i.size() + j.size() + k.size() + l, 0u);

  const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(loop.lastRequest.data()),
                                                loop.lastRequest.size());
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1));
  const auto sent = reader.getRoot<AllParams>();
  EXPECT_EQ(sent.getA(), 0);
  EXPECT_FALSE(sent.getB());
  EXPECT_EQ(sent.getC(), 0.0F);
  EXPECT_EQ(sent.getD(), inherits::Inherits::Side::LEFT);
  EXPECT_EQ(sent.getE(), "");
  EXPECT_EQ(sent.getF().size() + sent.getG().size() + sent.getH().size() + sent.getI().size(), 0u);
  EXPECT_EQ(sent.getJ().size() + sent.getK().size(), 0u);
}

TEST_F(DefaultsTest, InheritedMethodsAreFoundByTheirTable) {
  const BulkheadModule& module = *detail::moduleOf<InheritsModule>();
  EXPECT_EQ(module.exports[0].interface_id, inherits::kInheritsInterfaceId);
  EXPECT_EQ(module.exports[1].interface_id, inherits::kInheritsSizedInterfaceId);
  EXPECT_EQ(module.exports[2].interface_id, inherits::kInheritsNamedInterfaceId);
  EXPECT_EQ(module.imports[1].interface_id, inherits::kInheritsHostSizedInterfaceId);
  EXPECT_NE(inherits::kInheritsNamedInterfaceId, inherits::kInheritsHostNamedInterfaceId)
      << "one ancestor of two interfaces is two tables";
  const auto& sized = *reinterpret_cast<const inherits::InheritsSizedTable*>(module.exports[1].table);
  std::int32_t before = 0;
  std::int32_t after = 0;
  Reported reported;
  ASSERT_EQ(sized.resize(self_, 0, 4, &before, &after, reported.sink()), BULKHEAD_OK) << reported.text;
  EXPECT_EQ(before, 3);
  EXPECT_EQ(after, 7);
  const auto& named = *reinterpret_cast<const inherits::InheritsNamedTable*>(module.exports[2].table);
  std::string name;
  ASSERT_EQ(named.name(self_, detail::TextSink(name).sink(), reported.sink()), BULKHEAD_OK) << reported.text;
  EXPECT_EQ(name, "host");
}

TEST_F(DefaultsTest, ADefaultOfAnInheritedMethodIsRead) {
  const BulkheadExport& sized = detail::moduleOf<InheritsModule>()->exports[1];
  const std::uint64_t empty[] = {0x00000000fffffffc};
  Reported reported;
  ASSERT_EQ(sized.skeleton(sized.table, self_, 0, {empty, 1}, &answer_.reply, reported.sink()), BULKHEAD_OK);
  EXPECT_EQ(host_.units, 5) << "by two";
}

}  // namespace
}  // namespace bulkhead::test
