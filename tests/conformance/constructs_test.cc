// Every construct of contracts with structs, in both directions: to the module, and through it to the host. (C2)
#include "constructs.host.h"
#include "tests/conformance/modules.h"

#include <capnp/message.h>
#include <gmock/gmock.h>

#include <memory>

namespace bulkhead::conformance {
namespace {

using constructs::Request;
using constructs::Response;
using constructs::Shape;
using geometry::Axis;
using geometry::Box;
using geometry::Point;
using Api = constructs::ConstructsHost;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// As a container that matchers know.
template <class List>
auto valuesOf(const List& list) {
  std::vector<decltype(list[0])> values;
  for (const auto value : list) values.push_back(value);
  return values;
}

// Gives everything back, marked where a mark fits.
class ConstructsHost final : public constructs::host::ConstructsHost {
 public:
  Result<void> points(capnp::List<Point>::Reader points, Api::PointsResults::Builder results) override {
    results.setPoints(points);
    return {};
  }
  Result<void> rows(capnp::List<capnp::List<std::int32_t>>::Reader rows, Api::RowsResults::Builder results) override {
    results.setRows(rows);
    return {};
  }
  Result<void> words(capnp::List<capnp::List<capnp::Text>>::Reader words, Api::WordsResults::Builder results) override {
    results.setWords(words);
    return {};
  }
  Result<void> axes(capnp::List<capnp::List<Axis>>::Reader axes, Api::AxesResults::Builder results) override {
    results.setAxes(axes);
    return {};
  }
  Result<void> cube(capnp::List<capnp::List<capnp::List<float>>>::Reader cube,
                    Api::CubeResults::Builder results) override {
    results.setCube(cube);
    return {};
  }
  Result<void> any(capnp::AnyPointer::Reader value, Api::AnyResults::Builder results) override {
    results.getValue().set(value);
    return {};
  }
  Result<void> anySorted(capnp::AnyStruct::Reader structure, capnp::AnyList::Reader list,
                         Api::AnySortedResults::Builder results) override {
    results.setStructure(structure);
    results.setList(list);
    return {};
  }
  Result<void> search(Request::Reader params, Response::Builder results) override {
    if (params.getQuery() == "refuse") return Error("the host does not search");
    results.setId(params.getId() + 1);
    results.setStatus("by the host");
    return {};
  }
  Result<void> mixed(Point::Reader point, std::uint32_t count, std::span<const std::string_view> labels,
                     std::span<const bool> bits, Axis axis, Api::MixedResults::Builder results) override {
    results.setPoint(point);
    results.setCount(count + 1);
    auto names = results.initLabels(static_cast<unsigned>(labels.size()));
    for (unsigned i = 0; i < names.size(); ++i) names.set(i, std::string(labels[i]));
    auto flags = results.initBits(static_cast<unsigned>(bits.size()));
    for (unsigned i = 0; i < flags.size(); ++i) flags.set(i, bits[i]);
    results.setAxis(axis);
    return {};
  }
  Result<void> shape(Shape::Reader shape, Shape::Builder out) override {
    out.setName("by the host");
    if (shape.isPolygon()) out.setPolygon(shape.getPolygon());
    return {};
  }
  Result<void> boxes(Box<capnp::Text>::Reader box, Box<capnp::Data>::Part::Reader part,
                     capnp::List<Box<Point>>::Reader many, Box<>::Reader open,
                     Api::BoxesResults::Builder results) override {
    results.setBox(box);
    results.setPart(part);
    results.setMany(many);
    results.setOpen(open);
    return {};
  }
  Result<void> paint(Shape::Paint::Reader paint, Shape::Finish finish, Api::PaintResults::Builder results) override {
    results.setFinish(finish);
    results.setPaint(paint);
    return {};
  }
  Result<constructs::ConstructsHostTallyResult> tally(std::span<const std::string_view> words) override {
    return constructs::ConstructsHostTallyResult{static_cast<std::uint32_t>(words.size()) + 100, "host"};
  }
  Result<void> voids(capnp::List<capnp::Void>::Reader voids, Api::VoidsResults::Builder results) override {
    results.setVoids(voids);
    return {};
  }
  Result<std::string> name() override { return name_; }
  Result<constructs::ConstructsHostNamedRenameResult> rename(std::string_view text) override {
    return constructs::ConstructsHostNamedRenameResult{std::exchange(name_, std::string(text)), 41};
  }

 private:
  std::string name_ = "host";
};

class ConstructsFixture : public testing::EveryPlacement<constructs::host::Constructs> {
 protected:
  Imports imports() override { return host_; }

  template <class T>
  typename T::Builder make() {
    messages_.push_back(std::make_unique<capnp::MallocMessageBuilder>());
    return messages_.back()->initRoot<T>();
  }
  // Points 0, 1, 2 ... in x.
  capnp::List<Point>::Reader points(unsigned count) {
    auto list = make<Response>().initPoints(count);
    for (unsigned i = 0; i < count; ++i) list[i].setX(i);
    return list.asReader();
  }
  Point::Reader point(double x) {
    auto made = make<Point>();
    made.setX(x);
    return made.asReader();
  }
  // A list of lists as a root of its own.
  template <class List>
  typename List::Builder list(unsigned size) {
    messages_.push_back(std::make_unique<capnp::MallocMessageBuilder>());
    return messages_.back()->getRoot<capnp::AnyPointer>().initAs<List>(size);
  }

  ConstructsHost host_;
  std::vector<std::unique_ptr<capnp::MallocMessageBuilder>> messages_;
};

class ConstructsTest : public ConstructsFixture {
 protected:
  std::string modulePath() const override { return conformance::modulePath("constructs"); }
};
BULKHEAD_EVERY_PLACEMENT(ConstructsTest);

TEST_P(ConstructsTest, ListsOfStructsArrive) {
  const auto back = subject().points(false, points(5));
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_EQ(back->reader().getPoints().size(), 5u);
  EXPECT_EQ(back->reader().getPoints()[0].getX(), 4.0) << "the module turned them round";
  const auto viaHost = subject().points(true, points(5)).value();
  EXPECT_EQ(viaHost->getPoints()[0].getX(), 0.0);
}

TEST_P(ConstructsTest, EmptyListsOfStructsArriveEmpty) {
  for (const bool viaHost : {false, true}) {
    EXPECT_EQ(subject().points(viaHost, points(0)).value()->getPoints().size(), 0u);
    EXPECT_EQ(subject().points(viaHost, {}).value()->getPoints().size(), 0u);
  }
}

TEST_P(ConstructsTest, ListsOfManyStructsArrive) {
  const auto back = subject().points(false, points(500'000));  // 16 MB and more
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_EQ(back->reader().getPoints().size(), 500'000u);
  EXPECT_EQ(back->reader().getPoints()[0].getX(), 499'999.0);
}

TEST_P(ConstructsTest, ListsOfStructsAroundTheSlotArrive) {
  for (unsigned count = 500; count <= 520; ++count) {  // 32 bytes each
    for (const bool viaHost : {false, true}) {
      const auto back = subject().points(viaHost, points(count));
      ASSERT_TRUE(back) << count << ": " << back.error().message();
      ASSERT_EQ(back->reader().getPoints().size(), count);
    }
  }
}

TEST_P(ConstructsTest, ListsOfListsOfNumbersArrive) {
  auto rows = list<capnp::List<capnp::List<std::int32_t>>>(3);
  rows.init(0, 2).set(1, -5);
  rows.init(2, 1).set(0, 7);
  for (const bool viaHost : {false, true}) {
    const auto back = subject().rows(viaHost, rows.asReader()).value();
    const auto out = back->getRows();
    ASSERT_EQ(out.size(), 3u);
    EXPECT_EQ(out[viaHost ? 0 : 2].size(), 2u);
    EXPECT_EQ(out[viaHost ? 0 : 2][1], -5);
    EXPECT_EQ(out[1].size(), 0u);
    EXPECT_EQ(out[viaHost ? 2 : 0][0], 7);
  }
}

TEST_P(ConstructsTest, ListsOfListsOfTextArrive) {
  auto words = list<capnp::List<capnp::List<capnp::Text>>>(2);
  auto first = words.init(0, 2);
  first.set(0, "one");
  first.set(1, "\xC3\xBC");
  for (const bool viaHost : {false, true}) {
    const auto back = subject().words(viaHost, words.asReader()).value();
    ASSERT_EQ(back->getWords().size(), 2u);
    EXPECT_EQ(std::string(back->getWords()[0][0]), "one");
    EXPECT_EQ(std::string(back->getWords()[0][1]), "\xC3\xBC");
    EXPECT_EQ(back->getWords()[1].size(), 0u);
  }
}

TEST_P(ConstructsTest, ListsOfListsOfEnumsOfAnotherFileArrive) {
  auto axes = list<capnp::List<capnp::List<Axis>>>(1);
  auto row = axes.init(0, 3);
  row.set(0, Axis::Z_AXIS);
  row.set(1, static_cast<Axis>(999));
  for (const bool viaHost : {false, true}) {
    const auto back = subject().axes(viaHost, axes.asReader()).value();
    EXPECT_EQ(back->getAxes()[0][0], Axis::Z_AXIS);
    EXPECT_EQ(back->getAxes()[0][1], static_cast<Axis>(999));
    EXPECT_EQ(back->getAxes()[0][2], Axis::X);
  }
}

TEST_P(ConstructsTest, ListsNestedThreeDeepArrive) {
  auto cube = list<capnp::List<capnp::List<capnp::List<float>>>>(2);
  cube.init(1, 2).init(1, 2).set(1, 0.25F);
  for (const bool viaHost : {false, true}) {
    const auto back = subject().cube(viaHost, cube.asReader()).value();
    EXPECT_EQ(back->getCube()[0].size(), 0u);
    EXPECT_EQ(back->getCube()[1][1][1], 0.25F);
  }
}

TEST_P(ConstructsTest, AnAnyPointerMayBeAStruct) {
  capnp::MallocMessageBuilder message;
  message.initRoot<Point>().setY(2.5);
  for (const bool viaHost : {false, true}) {
    const auto back = subject().any(viaHost, message.getRoot<capnp::AnyPointer>().asReader()).value();
    EXPECT_EQ(back->getValue().getAs<Point>().getY(), 2.5);
  }
}

TEST_P(ConstructsTest, AnAnyPointerMayBeTextOrAListOrNothing) {
  capnp::MallocMessageBuilder text;
  text.getRoot<capnp::AnyPointer>().setAs<capnp::Text>("any text");
  auto rows = list<capnp::List<capnp::List<std::int32_t>>>(1);
  rows.init(0, 1).set(0, 9);
  for (const bool viaHost : {false, true}) {
    EXPECT_EQ(
        subject().any(viaHost, text.getRoot<capnp::AnyPointer>().asReader()).value()->getValue().getAs<capnp::Text>(),
        "any text");
    const auto listed = subject().any(viaHost, messages_.front()->getRoot<capnp::AnyPointer>().asReader()).value();
    EXPECT_EQ((listed->getValue().getAs<capnp::List<capnp::List<std::int32_t>>>()[0][0]), 9);
    EXPECT_TRUE(subject().any(viaHost, {}).value()->getValue().isNull());
  }
}

TEST_P(ConstructsTest, AnyStructsAndAnyListsArrive) {
  for (const bool viaHost : {false, true}) {
    const auto back = subject().anySorted(viaHost, capnp::toAny(point(3)), capnp::AnyList::Reader(points(2))).value();
    EXPECT_EQ(back->getStructure().as<Point>().getX(), 3.0);
    EXPECT_EQ(back->getList().as<capnp::List<Point>>()[1].getX(), 1.0);
  }
}

TEST_P(ConstructsTest, ANamedStructIsAllParametersAndAllResults) {
  auto request = make<Request>();
  request.setId(7);
  request.setByName("whom");
  const auto back = subject().search(request.asReader());
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->reader().getId(), 7u);
  EXPECT_EQ(back->reader().getStatus(), "all/whom") << "the request's default, read by the module";
  request.setByPoint(point(4));
  EXPECT_EQ(subject().search(request.asReader()).value()->getPoints()[0].getX(), 4.0);
}

TEST_P(ConstructsTest, ImportsTakeNamedStructs) {
  auto request = make<Request>();
  request.setViaHost(true);
  request.setId(7);
  EXPECT_EQ(subject().search(request.asReader()).value()->getId(), 8u);
  request.setQuery("refuse");
  const auto refused = subject().search(request.asReader());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("the host does not search"));
}

TEST_P(ConstructsTest, WhatNobodyFilledReadsAsItsDefaults) {
  const auto fresh = subject().fresh(make<constructs::Empty>().asReader()).value();
  EXPECT_EQ(fresh->getId(), 0u);
  EXPECT_EQ(fresh->getStatus(), "fresh");
  EXPECT_EQ(fresh->getPoints().size(), 0u);
}

TEST_P(ConstructsTest, AGenericStructMayBeAllParameters) {
  auto box = make<Box<Point>>();
  EXPECT_EQ(subject().weigh(box.asReader()).value(), 1.5F);
  box.initValue().setWeight(8);
  EXPECT_EQ(subject().weigh(box.asReader()).value(), 8.0F);
}

TEST_P(ConstructsTest, AStructMayBeAmongSeveralResults) {
  const std::string_view labels[] = {"", "two"};
  const bool bits[] = {true, false, true};
  for (const bool viaHost : {false, true}) {
    const auto back = subject().mixed(viaHost, point(6), 3, labels, bits, Axis::Y);
    ASSERT_TRUE(back) << back.error().message();
    const auto out = back->reader();
    EXPECT_EQ(out.getPoint().getX(), 6.0);
    EXPECT_EQ(out.getCount(), viaHost ? 4u : 3u);
    ASSERT_EQ(out.getLabels().size(), 2u);
    EXPECT_EQ(std::string(out.getLabels()[1]), "two");
    ASSERT_EQ(out.getBits().size(), 3u);
    EXPECT_TRUE(out.getBits()[0]);
    EXPECT_FALSE(out.getBits()[1]);
    EXPECT_EQ(out.getAxis(), Axis::Y);
    EXPECT_EQ(out.getMore().size(), viaHost ? 0u : 3u);
  }
}

TEST_P(ConstructsTest, UnionsInStructsKeepTheirMember) {
  auto shape = make<Shape>();
  EXPECT_TRUE(subject().shape(false, shape.asReader()).value()->isNothing());
  auto circle = shape.initCircle();
  circle.setRadius(2);
  circle.initCenter().setX(1);
  const auto round = subject().shape(false, shape.asReader()).value();
  ASSERT_TRUE(round->isCircle());
  EXPECT_EQ(round->getCircle().getRadius(), 2.0);
  EXPECT_EQ(round->getCircle().getCenter().getX(), 1.0);
  shape.initHoles(2)[1].setName("hole");
  const auto hollow = subject().shape(false, shape.asReader()).value();
  ASSERT_TRUE(hollow->isHoles());
  EXPECT_EQ(std::string(hollow->getHoles()[1].getName()), "hole");
  EXPECT_EQ(std::string(hollow->getHoles()[0].getName()), "unnamed");
  shape.setPolygon(points(3));
  for (const bool viaHost : {false, true}) {
    ASSERT_TRUE(subject().shape(viaHost, shape.asReader()).value()->isPolygon());
  }
}

TEST_P(ConstructsTest, GroupsInStructsKeepTheirFields) {
  auto shape = make<Shape>();
  const auto untouched = subject().shape(false, shape.asReader()).value();
  EXPECT_TRUE(untouched->getAttributes().getVisible());
  EXPECT_THAT(valuesOf(untouched->getAttributes().getLayers()), ElementsAre(1, 2));
  EXPECT_TRUE(untouched->getAttributes().getStyle().isPlain());
  shape.getAttributes().setVisible(false);
  shape.getAttributes().initLayers(0);
  shape.getAttributes().getStyle().setDashed(3);
  const auto set = subject().shape(false, shape.asReader()).value();
  EXPECT_FALSE(set->getAttributes().getVisible());
  EXPECT_EQ(set->getAttributes().getLayers().size(), 0u) << "an empty list is not the default";
  EXPECT_EQ(set->getAttributes().getStyle().getDashed(), 3u);
}

TEST_P(ConstructsTest, GenericStructsKeepWhatTheyHold) {
  auto box = make<Box<capnp::Text>>();
  box.setValue("text in a box");
  box.setLabel("label");
  auto part = make<Box<capnp::Data>::Part>();
  const capnp::byte bytes[] = {1, 0, 255};
  part.setInner(capnp::Data::Reader(bytes, 3));
  auto many = list<capnp::List<Box<Point>>>(2);
  many[1].initValue().setX(11);
  auto open = make<Box<>>();
  open.getValue().setAs<capnp::Text>("open");
  for (const bool viaHost : {false, true}) {
    const auto back = subject().boxes(viaHost, box.asReader(), part.asReader(), many.asReader(), open.asReader());
    ASSERT_TRUE(back) << back.error().message();
    const auto out = back->reader();
    EXPECT_EQ(out.getBox().getValue(), "text in a box");
    EXPECT_EQ(out.getBox().getLabel(), "label");
    EXPECT_EQ(out.getPart().getInner(), capnp::Data::Reader(bytes, 3));
    EXPECT_EQ(out.getMany()[1].getValue().getX(), 11.0);
    EXPECT_EQ(out.getOpen().getValue().getAs<capnp::Text>(), "open");
  }
}

TEST_P(ConstructsTest, ValuesOtherThanTheDefaultsArrive) {
  const std::byte bytes[] = {std::byte{7}};
  const std::int16_t numbers[] = {4, 5};
  const std::string_view texts[] = {"t"};
  const bool bits[] = {false, false};
  const auto out = subject().defaults(1, false, 2.5, Axis::X, "text", bytes, numbers, texts, bits).value();
  EXPECT_EQ(out.a, 1);
  EXPECT_FALSE(out.b);
  EXPECT_EQ(out.c, 2.5);
  EXPECT_EQ(out.d, Axis::X);
  EXPECT_EQ(out.e, "text");
  EXPECT_THAT(out.f, ElementsAre(std::byte{7}));
  EXPECT_THAT(out.g, ElementsAre(4, 5));
  EXPECT_THAT(out.h, ElementsAre("t"));
  EXPECT_THAT(out.i, ElementsAre(false, false));
}

TEST_P(ConstructsTest, EmptyAndZeroAreNotTheDefaults) {
  const auto out = subject().defaults(0, false, 0, Axis::X, "", {}, {}, {}, {}).value();
  EXPECT_EQ(out.a, 0);
  EXPECT_FALSE(out.b);
  EXPECT_EQ(out.c, 0.0);
  EXPECT_EQ(out.d, Axis::X);
  EXPECT_EQ(out.e, "");
  EXPECT_TRUE(out.f.empty());
  EXPECT_TRUE(out.g.empty());
  EXPECT_TRUE(out.h.empty());
  EXPECT_TRUE(out.i.empty());
}

TEST_P(ConstructsTest, TheDefaultsThemselvesArrive) {
  const std::byte bytes[] = {std::byte{0}, std::byte{255}};
  const std::int16_t numbers[] = {1, -2};
  const std::string_view texts[] = {"x", ""};
  const bool bits[] = {true, false};
  const auto out = subject().defaults(-7, true, 0.5, Axis::Y, "default", bytes, numbers, texts, bits).value();
  EXPECT_EQ(out.a, -7);
  EXPECT_TRUE(out.b);
  EXPECT_EQ(out.c, 0.5);
  EXPECT_EQ(out.d, Axis::Y);
  EXPECT_EQ(out.e, "default");
  EXPECT_THAT(out.f, ElementsAre(std::byte{0}, std::byte{255}));
  EXPECT_THAT(out.g, ElementsAre(1, -2));
  EXPECT_THAT(out.h, ElementsAre("x", ""));
  EXPECT_THAT(out.i, ElementsAre(true, false));
}

TEST_P(ConstructsTest, DefaultsInsideStructsAreRead) {
  const auto missing = subject().readMissing(point(1)).value();
  EXPECT_EQ(missing.weight, 1.5F);
  EXPECT_EQ(missing.tag, "untagged");
  auto set = make<Point>();
  set.setWeight(0);
  set.setTag("");
  EXPECT_EQ(subject().readMissing(set.asReader()).value().weight, 0.0F);
  EXPECT_EQ(subject().readMissing(set.asReader()).value().tag, "");
}

TEST_P(ConstructsTest, VoidIsNeitherParameterNorResult) {
  EXPECT_TRUE(subject().nothing());
  EXPECT_EQ(subject().aroundNothing(-3).value(), -3);
}

TEST_P(ConstructsTest, ListsOfVoidKeepTheirLength) {
  const auto voids = list<capnp::List<capnp::Void>>(5);
  for (const bool viaHost : {false, true}) {
    EXPECT_EQ(subject().voids(viaHost, voids.asReader()).value()->getVoids().size(), 5u);
  }
}

TEST_P(ConstructsTest, NestedTypesArrive) {
  auto paint = make<Shape::Paint>();
  paint.setFinish(Shape::Finish::MATT);
  for (const bool viaHost : {false, true}) {
    const auto back = subject().paint(viaHost, paint.asReader(), Shape::Finish::HIGH_GLOSS).value();
    EXPECT_EQ(back->getFinish(), Shape::Finish::HIGH_GLOSS);
    EXPECT_EQ(back->getPaint().getFinish(), Shape::Finish::MATT);
    EXPECT_EQ(back->getPaint().getOpacity(), 0.5);
  }
}

TEST_P(ConstructsTest, ExportsAndImportsMayHaveAMethodOfOneName) {
  const std::string_view words[] = {"a", "longest", "b"};
  const auto own = subject().tally(false, words).value();
  EXPECT_EQ(own.count, 3u);
  EXPECT_EQ(own.longest, "longest");
  const auto hosts = subject().tally(true, words).value();
  EXPECT_EQ(hosts.count, 103u);
  EXPECT_EQ(hosts.longest, "host");
}

TEST_P(ConstructsTest, DirectMethodsTakeEnumsOfAnotherFile) {
  EXPECT_EQ(subject().axis(Axis::Z_AXIS).value(), Axis::Z_AXIS);
}

TEST_P(ConstructsTest, InheritedMethodsAreMethods) {
  EXPECT_TRUE(subject().close(Axis::Z_AXIS).value());
  EXPECT_FALSE(subject().close(Axis::Z_AXIS).value());
  EXPECT_EQ(subject().name().value(), "constructs");
  const auto renamed = subject().rename("new").value();
  EXPECT_EQ(renamed.before, "constructs");
  EXPECT_EQ(renamed.count, 1u);
  EXPECT_EQ(subject().name().value(), "new");
}

TEST_P(ConstructsTest, InheritedMethodsGiveStructs) {
  const auto origin = subject().origin().value();
  EXPECT_EQ(origin->getTag(), "origin");
  EXPECT_EQ(origin->getWeight(), 1.5F);
}

TEST_P(ConstructsTest, ImportsInheritToo) {
  EXPECT_EQ(subject().hostName().value(), "host -> renamed by the module (41)");
}

TEST_P(ConstructsTest, InheritedMethodsKeepDeadlines) {
  EXPECT_EQ(subject().within(std::chrono::minutes(1)).name().value(), "constructs");
  const auto late = subject().within(std::chrono::nanoseconds(0)).name();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(late.error().method(), "Constructs.name");
}

TEST_P(ConstructsTest, HandlesWithInheritedMethodsGoStaleAsOthers) {
  const auto handle = subject();
  ASSERT_TRUE(module().unload());
  EXPECT_EQ(handle.axis(Axis::X).error().kind(), ErrorKind::staleHandle);
  EXPECT_EQ(handle.name().error().kind(), ErrorKind::staleHandle);
  EXPECT_EQ(handle.origin().error().kind(), ErrorKind::staleHandle);
}

TEST_P(ConstructsTest, ErrorsDropWhatWasFilled) {
  const auto none = subject().failing(points(0));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text(), "no points: 0");
  const auto many = subject().failing(points(2));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().text(), "too many points");
  EXPECT_EQ(many.error().kind(), ErrorKind::moduleError);
}

TEST_P(ConstructsTest, ResultsOutliveTheModule) {
  auto points = subject().points(false, this->points(3)).value();
  auto origin = subject().origin().value();
  ASSERT_TRUE(module().unload());
  const auto moved = std::move(points);
  EXPECT_EQ(moved->getPoints()[2].getX(), 0.0);
  EXPECT_EQ(origin->getTag(), "origin");
}

TEST_P(ConstructsTest, AResultMayBeTheNextArgument) {
  auto given = subject().points(false, points(10)).value();
  for (int round = 0; round < 20; ++round) given = subject().points(round % 2 == 0, given->getPoints()).value();
  ASSERT_EQ(given->getPoints().size(), 10u);
  EXPECT_EQ(given->getPoints()[0].getX(), 9.0) << "turned round eleven times";
}

TEST_P(ConstructsTest, ConstantsAreThere) {
  static_assert(constructs::kMaxPoints == 100'000);
  EXPECT_EQ(constructs::kMotto, "every shape");
}

}  // namespace
}  // namespace bulkhead::conformance
