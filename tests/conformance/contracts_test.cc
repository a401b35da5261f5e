// Contracts of direct methods with all those can have, several contracts in one module, exports and imports alone. (C2)
#include "counter.host.h"
#include "journal.host.h"
#include "lineage.host.h"
#include "palette.host.h"
#include "tests/conformance/modules.h"
#include "tool.host.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <utility>

namespace bulkhead::conformance {
namespace {

using geometry::Axis;
using palette::Shade;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PaletteHost final : public palette::host::PaletteHost {
 public:
  Result<palette::PaletteHostReportResult> report(std::string_view line) override {
    return palette::PaletteHostReportResult{++lines_, std::exchange(last_, std::string(line))};
  }
  Result<std::vector<std::byte>> bytes(std::span<const std::byte> data) override {
    return std::vector<std::byte>(data.begin(), data.end());
  }
  Result<palette::PaletteHostMixerMixResult> mix(Shade shade, Axis axis) override {
    if (axis == Axis::Z_AXIS) return Error("not that axis");
    return palette::PaletteHostMixerMixResult{Axis::Y, shade == Shade::black ? Shade::lightGray : Shade::black};
  }

 private:
  std::uint32_t lines_ = 0;
  std::string last_ = "nothing before";
};

class Journal final : public journal::host::Journal {
 public:
  Result<bool> write(journal::Level level, std::string_view line) override {
    lines.push_back((level == journal::Level::error ? "error: " : "info: ") + std::string(line));
    return keeps;
  }
  Result<std::string> name() override { return "journal"; }
  Result<journal::RenameResult> rename(std::string_view) override { return Error("keeps its name"); }

  std::vector<std::string> lines;
  bool keeps = true;
};

class PaletteTest : public testing::EveryPlacement<palette::host::Palette, counter::host::Counter> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("palette"); }
  Imports imports() override { return {host_, journal_}; }

  PaletteHost host_;
  Journal journal_;
};
BULKHEAD_EVERY_PLACEMENT(PaletteTest);

TEST_P(PaletteTest, EveryContractOfTheModuleIsServed) {
  EXPECT_EQ(subject<counter::host::Counter>().next().value(), 1u);
  EXPECT_EQ(subject<palette::host::Palette>().around(Shade::black).value(), Shade::black);
  EXPECT_EQ(subject<counter::host::Counter>().ofObject().value(), 1u) << "one object behind both";
  EXPECT_EQ(subject<counter::host::Counter>().ofThread().error().method(), "Counter.ofThread");
}

TEST_P(PaletteTest, EveryContractCallsItsOwnImports) {
  EXPECT_THAT(journal_.lines, ElementsAre("info: constructed"));
  EXPECT_EQ(subject<counter::host::Counter>().checksum({}).value(), 1000u);
  EXPECT_THAT(journal_.lines, ElementsAre("info: constructed", "error: checksum"));
  EXPECT_EQ(subject<counter::host::Counter>().version().value(), "palette, for journal");
  EXPECT_EQ(subject().report(true, "line").value().last, "nothing before");
}

TEST_P(PaletteTest, ValuesOtherThanTheDefaultsArrive) {
  const std::byte bytes[] = {std::byte{7}};
  const std::int16_t shorts[] = {4, 5};
  const std::string_view texts[] = {"", "t"};
  const bool bits[] = {false};
  const Axis axes[] = {Axis::X};
  const std::span<const std::byte> datas[] = {{}, bytes};
  const double numbers[] = {-0.0, std::numeric_limits<double>::quiet_NaN()};
  const std::int64_t longs[] = {std::numeric_limits<std::int64_t>::max()};
  const auto out = subject()
                       .defaults(-128, false, -1.5F, Shade::lightGray, "text", bytes, shorts, texts, bits, axes, datas,
                                 numbers, ~std::uint64_t{0}, longs)
                       .value();
  EXPECT_EQ(out.a, -128);
  EXPECT_FALSE(out.b);
  EXPECT_EQ(out.c, -1.5F);
  EXPECT_EQ(out.d, Shade::lightGray);
  EXPECT_EQ(out.e, "text");
  EXPECT_THAT(out.f, ElementsAre(std::byte{7}));
  EXPECT_THAT(out.g, ElementsAre(4, 5));
  EXPECT_THAT(out.h, ElementsAre("", "t"));
  EXPECT_THAT(out.i, ElementsAre(false));
  EXPECT_THAT(out.j, ElementsAre(Axis::X));
  EXPECT_THAT(out.k, ElementsAre(::testing::IsEmpty(), ElementsAre(std::byte{7})));
  EXPECT_TRUE(std::signbit(out.l[0]) && std::isnan(out.l[1]));
  EXPECT_EQ(out.m, ~std::uint64_t{0});
  EXPECT_THAT(out.n, ElementsAre(std::numeric_limits<std::int64_t>::max()));
}

TEST_P(PaletteTest, EmptyAndZeroAreNotTheDefaults) {
  const auto out = subject().defaults(0, false, 0, Shade::lightGray, "", {}, {}, {}, {}, {}, {}, {}, 0, {}).value();
  EXPECT_EQ(out.a, 0);
  EXPECT_FALSE(out.b);
  EXPECT_EQ(out.c, 0.0F);
  EXPECT_EQ(out.d, Shade::lightGray);
  EXPECT_EQ(out.e, "");
  EXPECT_EQ(out.f.size() + out.g.size() + out.h.size() + out.i.size() + out.j.size() + out.k.size(), 0u);
  EXPECT_EQ(out.l.size() + out.n.size(), 0u);
  EXPECT_EQ(out.m, 0u);
}

TEST_P(PaletteTest, TheDefaultsThemselvesArrive) {
  const bool bits[] = {true, false};
  const auto out =
      subject().defaults(-3, true, 0.5F, Shade::black, "default", {}, {}, {}, bits, {}, {}, {}, 5, {}).value();
  EXPECT_EQ(out.a, -3);
  EXPECT_TRUE(out.b);
  EXPECT_EQ(out.c, 0.5F);
  EXPECT_EQ(out.d, Shade::black);
  EXPECT_EQ(out.e, "default");
  EXPECT_THAT(out.i, ElementsAre(true, false));
  EXPECT_EQ(out.m, 5u);
}

TEST_P(PaletteTest, ListsOfEnumsOfAnotherFileArrive) {
  const Axis axes[] = {Axis::X, Axis::Z_AXIS, static_cast<Axis>(77)};
  EXPECT_THAT(subject().axes(axes).value(), ElementsAre(static_cast<Axis>(77), Axis::Z_AXIS, Axis::X));
  EXPECT_TRUE(subject().axes({}).value().empty());
}

TEST_P(PaletteTest, VoidIsNeitherParameterNorResult) {
  EXPECT_EQ(subject().around(Shade::lightGray).value(), Shade::lightGray);
}

TEST_P(PaletteTest, EnumsHaveOneSpellingInContractsOfBothKinds) {
  EXPECT_EQ(Shade::LIGHT_GRAY, Shade::lightGray);
  EXPECT_EQ(journal::Level::ERROR, journal::Level::error);
  EXPECT_EQ(subject().around(Shade::BLACK).value(), Shade::black);
}

TEST_P(PaletteTest, ExportsAndImportsMayHaveAMethodOfOneName) {
  const auto own = subject().report(false, "own").value();
  EXPECT_EQ(own.lines, 1u);
  EXPECT_EQ(own.last, "own");
  (void)subject().report(true, "first").value();
  const auto hosts = subject().report(true, "second").value();
  EXPECT_EQ(hosts.lines, 2u);
  EXPECT_EQ(hosts.last, "first");
}

TEST_P(PaletteTest, BothSidesMayInheritFromOneInterface) {
  const auto mixed = subject().mix(Shade::black, Axis::X).value();
  EXPECT_EQ(mixed.shade, Shade::lightGray);
  EXPECT_EQ(mixed.axis, Axis::Y);
  EXPECT_EQ(subject().mix(Shade::lightGray, Axis::X).value().shade, Shade::black);
  const auto refused = subject().mix(Shade::black, Axis::Z_AXIS);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().method(), "Palette.mix");
  EXPECT_THAT(refused.error().text(), HasSubstr("not that axis"));
}

TEST_P(PaletteTest, ConstantsAreThere) {
  static_assert(palette::kMaxColors == -12 && palette::kScale == 0.25 && palette::kTitle == "the \"palette\"");
  EXPECT_EQ(palette::kTitle.size(), 13u);
}

TEST_P(PaletteTest, ListsOfBoolOfAnySizeGoInAndComeOut) {
  for (const std::size_t size : {1u, 63u, 64u, 65u, 1'000'000u}) {
    const auto flags = std::make_unique<bool[]>(size);
    for (std::size_t i = 0; i < size; ++i) flags[i] = i % 3 == 0;
    const auto out = subject().flags(std::span(flags.get(), size)).value();
    ASSERT_EQ(out.size(), size);
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(out[i], i % 3 != 0) << i;
  }
}

TEST_P(PaletteTest, ALoadWithoutOneOfTheImportsIsRefused) {
  const auto loaded = load(modulePath(), host_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(loaded.error().text(), HasSubstr("the module calls Journal, which the host did not grant"));
}

TEST_P(PaletteTest, TwoModulesOfOneContractStandSideBySide) {
  auto other = load(modulePath(), {host_, journal_});
  ASSERT_TRUE(other) << other.error().message();
  const auto counter = other->get<counter::host::Counter>().value();
  EXPECT_EQ(subject<counter::host::Counter>().next().value(), 1u);
  EXPECT_EQ(subject<counter::host::Counter>().next().value(), 2u);
  EXPECT_EQ(counter.next().value(), 1u);
  EXPECT_EQ(journal_.lines.size(), 2u) << "both told the one journal";
}

TEST_P(PaletteTest, AHandleOfAContractTheModuleLacksIsRefused) {
  auto exportsOnly = load(conformance::modulePath("counter"));
  ASSERT_TRUE(exportsOnly) << exportsOnly.error().message();
  EXPECT_EQ(exportsOnly->get<palette::host::Palette>().error().kind(), ErrorKind::unimplemented);
  EXPECT_EQ(exportsOnly->get<counter::host::Counter>().value().version().value(), "1");
}

// What an interface inherits may change from version to version, as its own methods may. (C4)
class LineageTest : public testing::PlacementFixture {
 protected:
  static void expectUnimplemented(const Result<std::string>& result, const std::string& method) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::unimplemented) << result.error().message();
    EXPECT_EQ(result.error().method(), method);
  }
};
BULKHEAD_EVERY_PLACEMENT(LineageTest);

TEST_P(LineageTest, AModuleFromBeforeTheInheritanceHasItsOwnMethods) {
  const auto module = load(modulePath("lineage_older"));
  ASSERT_TRUE(module) << module.error().message();
  const auto subject = module->get<lineage::host::Lineage>().value();
  EXPECT_EQ(subject.own().value(), "own");
  expectUnimplemented(subject.ownAdded(), "Lineage.ownAdded");
  expectUnimplemented(subject.inherited("text"), "Lineage.inherited");
  expectUnimplemented(subject.added(), "Lineage.added");
  expectUnimplemented(subject.other(), "Lineage.other");
  EXPECT_EQ(subject.own().value(), "own");
}

TEST_P(LineageTest, MethodsAddedToAnAncestorShiftNoOthers) {
  const auto module = load(modulePath("lineage_middle"));
  ASSERT_TRUE(module) << module.error().message();
  const auto subject = module->get<lineage::host::Lineage>().value();
  EXPECT_EQ(subject.own().value(), "own");
  EXPECT_EQ(subject.inherited("text").value(), "inherited text");
  expectUnimplemented(subject.ownAdded(), "Lineage.ownAdded");
  expectUnimplemented(subject.added(), "Lineage.added");
  expectUnimplemented(subject.other(), "Lineage.other");
}

// A module may have imports and nothing else.
class ImportsOnlyTest : public testing::PlacementFixture {
 protected:
  Journal journal_;
};
BULKHEAD_EVERY_PLACEMENT(ImportsOnlyTest);

TEST_P(ImportsOnlyTest, TheModuleCallsWhileItIsConstructed) {
  auto module = load(modulePath("journalist"), journal_);
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_THAT(journal_.lines, ElementsAre("error: for journal"));
  EXPECT_EQ(module->get<counter::host::Counter>().error().kind(), ErrorKind::unimplemented);
  EXPECT_TRUE(module->unload());
}

TEST_P(ImportsOnlyTest, WhatTheHostAnswersDecidesTheLoad) {
  journal_.keeps = false;
  const auto module = load(modulePath("journalist"), journal_);
  ASSERT_FALSE(module);
  EXPECT_THAT(module.error().text(), HasSubstr("nobody keeps it"));
}

TEST_P(ImportsOnlyTest, WithoutTheImportTheLoadIsRefused) {
  const auto module = load(modulePath("journalist"));
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(module.error().text(), HasSubstr("Journal"));
}

// ---- a manifest that says more than the module does

class HalfTest : public testing::EveryPlacement<counter::host::Counter> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("half"); }
};
BULKHEAD_EVERY_PLACEMENT(HalfTest);

TEST_P(HalfTest, WhatIsNotExportedIsUnimplementedAndTheRestServes) {
  const auto tool = module().get<tool::host::Tool>();
  ASSERT_TRUE(tool) << "its manifest has it";
  const auto missing = tool->twice(2);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::unimplemented) << missing.error().message();
  const std::uint64_t empty[] = {0};
  const auto byMessage = module().callMessage(tool::host::Tool::kInterfaceId, 0, empty);
  ASSERT_FALSE(byMessage);
  EXPECT_EQ(byMessage.error().kind(), ErrorKind::unimplemented) << byMessage.error().message();
  EXPECT_EQ(subject().version().value(), "half");
}

}  // namespace
}  // namespace bulkhead::conformance
