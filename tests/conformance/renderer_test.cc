// Structs cross as messages: a Reader in, a Builder or an owned message out, beside direct values. (C2)
#include "scene.host.h"
#include "tests/conformance/modules.h"

#include <capnp/message.h>
#include <gmock/gmock.h>

#include <memory>

namespace bulkhead::conformance {
namespace {

using ::testing::HasSubstr;

class Decorator final : public scene::host::RendererHost {
 public:
  Result<void> decorate(scene::Scene::Reader scene, scene::Scene::Builder out) override {
    if (scene.getName() == "refuse") return Error("no decoration for this");
    out.setName("<" + std::string(scene.getName()) + ">");
    out.setPoints(scene.getPoints());
    out.setPixels(scene.getPixels());
    return {};
  }
};

class RendererTest : public testing::EveryPlacement<scene::host::Renderer> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("renderer"); }
  Imports imports() override { return decorator_; }

  scene::Scene::Builder scene(unsigned points) {
    auto root = message_->initRoot<scene::Scene>();
    root.setName("scene");
    auto list = root.initPoints(points);
    for (unsigned i = 0; i < points; ++i) list[i].setX(i), list[i].setY(-1.0 * i);
    return root;
  }

  Decorator decorator_;
  std::unique_ptr<capnp::MallocMessageBuilder> message_ = std::make_unique<capnp::MallocMessageBuilder>();
};
BULKHEAD_EVERY_PLACEMENT(RendererTest);

TEST_P(RendererTest, AStructGoesInAndAStructComesOut) {
  auto in = scene(3);
  const capnp::byte pixels[] = {1, 2, 0};
  in.setPixels(capnp::Data::Reader(pixels, 3));
  const std::vector<std::string_view> tags = {"a", "b"};
  const auto image = subject().render(in.asReader(), 2.0, "title", tags);
  ASSERT_TRUE(image) << image.error().message();
  const auto out = image->reader();
  EXPECT_EQ(std::string(out.getName()), "<title+a+b>");
  ASSERT_EQ(out.getPoints().size(), 3u);
  EXPECT_EQ(out.getPoints()[2].getX(), 4.0);
  EXPECT_EQ(out.getPoints()[2].getY(), -4.0);
  ASSERT_TRUE(out.isInner());
  EXPECT_EQ(std::string(out.getInner().getName()), "scene");
  EXPECT_TRUE(out.getInner().isLeaf());
  EXPECT_EQ(out.getPixels().size(), 3u);
}

TEST_P(RendererTest, AStructInGivesSeveralResults) {
  auto in = scene(2);
  auto inner = in.initInner();
  inner.initPoints(5);
  inner.initInner();
  const auto out = subject().measure(in.asReader());
  ASSERT_TRUE(out) << out.error().message();
  EXPECT_EQ(out->points, 7u);
  EXPECT_EQ(out->depth, 2u);
  EXPECT_EQ(out->name, "scene");
}

TEST_P(RendererTest, ResultsOutliveTheModule) {
  auto made = subject().make(4).value();
  ASSERT_TRUE(module().unload());
  auto moved = std::move(made);
  ASSERT_EQ(moved->getPoints().size(), 4u);
  EXPECT_EQ(moved->getPoints()[3].getX(), 3.0);
}

TEST_P(RendererTest, EmptyStructsAreDefaults) {
  capnp::MallocMessageBuilder empty;
  const auto out = subject().measure(empty.initRoot<scene::Scene>().asReader()).value();
  EXPECT_EQ(out.points, 0u);
  EXPECT_EQ(out.name, "");
  EXPECT_EQ(subject().make(0).value()->getPoints().size(), 0u);
}

TEST_P(RendererTest, LargeStructsArrive) {
  constexpr unsigned kPoints = 1'000'000;  // 16 MB, in and out
  auto in = scene(kPoints);
  const auto image = subject().render(in.asReader(), 1.0, "large", {});
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(image->reader().getPoints().size(), kPoints);
  EXPECT_EQ(image->reader().getInner().getPoints()[kPoints - 1].getX(), kPoints - 1.0);
}

TEST_P(RendererTest, SizesAroundTheSlotArrive) {
  for (unsigned points = 990; points <= 1030; ++points) {  // 16 bytes each
    const auto made = subject().make(points);
    ASSERT_TRUE(made) << points << ": " << made.error().message();
    ASSERT_EQ(made->reader().getPoints().size(), points);
    ASSERT_EQ(subject().measure(made->reader()).value().points, points);
  }
}

TEST_P(RendererTest, DirectMethodsStandBesideMessageMethods) { EXPECT_EQ(subject().add(2, 40).value(), 42); }

TEST_P(RendererTest, ErrorsOfMessageMethodsArrive) {
  const auto failed = subject().fail(scene(1).asReader());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::moduleError);
  EXPECT_EQ(failed.error().text(), "cannot do scene");
  EXPECT_EQ(failed.error().method(), "Renderer.fail");
  const auto refused = subject().render(scene(1).asReader(), 1.0, "refuse", {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("no decoration for this"));
}

// The cap is the isolated placement's own: it is the host that refuses, whoever says so.
TEST(RendererLimitsTest, AnAnswerOverTheCapIsTooLargeAndTheModuleServesOn) {
  Decorator decorator;
  Host host;
  auto module = host.load(modulePath("renderer"), Placement::isolated({.maxMessageBytes = 1 << 20}), decorator);
  ASSERT_TRUE(module) << module.error().message();
  const auto renderer = module->get<scene::host::Renderer>().value();
  for (int round = 0; round < 2; ++round) {
    const auto tooLarge = renderer.make(1'000'000);
    ASSERT_FALSE(tooLarge);
    EXPECT_EQ(tooLarge.error().kind(), ErrorKind::messageTooLarge) << tooLarge.error().message();
    EXPECT_EQ(renderer.make(10).value()->getPoints().size(), 10u);
  }
  EXPECT_EQ(module->generation(), 1u);
}

}  // namespace
}  // namespace bulkhead::conformance
