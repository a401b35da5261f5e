#include "structs.host.h"
#include "structs.module.h"
#include "tests/unit/proto/loopback.h"

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::test {
namespace {

namespace structs = golden::structs;
using testing::HasSubstr;

class StructsModule final : public structs::module::Structs {
 public:
  explicit StructsModule(structs::module::StructsHost& host) : host_(host) {}

  Result<void> render(structs::Scene::Reader scene, std::int32_t width, std::string_view name,
                      std::span<const structs::Mode> modes, std::span<const std::string_view> tags,
                      std::span<const bool> bits, std::span<const std::span<const std::byte>> blobs,
                      std::span<const std::int16_t> numbers, std::span<const std::byte> data, structs::Mode mode,
                      bool isOn, structs::Scene::Builder image) override {
    image.setPoints(scene.getPoints());
    image.setName(std::string(name) + "/" + std::to_string(width) + "/" + std::to_string(modes.size()) + "/" +
                  std::string(tags[1]) + "/" + (bits[0] ? "t" : "f") + "/" + std::to_string(blobs[1].size()) + "/" +
                  std::to_string(numbers[0]) + "/" + std::to_string(data.size()) + "/" +
                  (mode == structs::Mode::SLOW ? "slow" : "fast") + "/" + (isOn ? "on" : "off"));
    return {};
  }
  Result<structs::MeasureResult> measure(structs::Scene::Reader scene) override {
    structs::MeasureResult result;
    result.area = scene.getPoints()[0].getX();
    result.label = "label";
    result.mode = structs::Mode::SLOW;
    result.tags = {"", "tag"};
    result.bits = {true, false};
    result.blobs = {{}, {std::byte{1}}};
    result.numbers = {-1, 2};
    result.data = {std::byte{9}};
    return result;
  }
  Result<void> make(std::uint32_t count, structs::Scene::Builder scene) override {
    auto points = scene.initPoints(count);
    for (unsigned i = 0; i < count; ++i) points[i].setX(i);
    scene.setName("made");
    return {};
  }
  Result<void> both(structs::Scene::Reader first, structs::Scene::Reader scene,
                    structs::Scene::Builder sceneOut) override {
    sceneOut.setName(std::string(first.getName()) + std::string(scene.getName()));
    return {};
  }
  Result<structs::PlainResult> plain(std::int32_t a, structs::Mode mode) override {
    return structs::PlainResult{a > 0, mode};
  }
  Result<std::vector<std::string>> single(structs::Scene::Reader scene) override {
    unsigned depth = 0;
    for (auto inner = scene; inner.isInner(); inner = inner.getInner()) ++depth;
    return std::vector<std::string>{scene.getName(), std::to_string(depth)};
  }
  Result<void> take(structs::Scene::Reader scene) override {
    auto answer = host_.show(scene);
    if (!answer) return answer.error();
    if (answer->reader().getName() != "shown") return Error("another answer");
    return {};
  }
  Result<void> fresh(structs::Scene::Builder) override { return {}; }

 private:
  structs::module::StructsHost& host_;
};

class StructsHost final : public structs::host::StructsHost {
 public:
  Result<void> show(structs::Scene::Reader scene, structs::Scene::Builder answer) override {
    if (scene.getName() == "fail") return Error("nobody looks");
    answer.setName("shown");
    return {};
  }
};

class StructsTest : public testing::TestWithParam<Way> {
 protected:
  StructsTest() {
    scene_.setName("scene");
    auto points = scene_.initPoints(2);
    points[0].setX(3.5);
    points[1].setY(-1);
  }
  std::unique_ptr<capnp::MallocMessageBuilder> message_ = std::make_unique<capnp::MallocMessageBuilder>();
  structs::Scene::Builder scene_ = message_->initRoot<structs::Scene>();
  StructsHost host_;
  Linked<StructsModule, structs::host::Structs, StructsHost> linked_{GetParam(), host_};
  structs::host::Structs subject_ = linked_.handle();
};
INSTANTIATE_TEST_SUITE_P(EveryWay, StructsTest, testing::Values(Way::direct, Way::words), nameOf);

TEST_P(StructsTest, AStructAndDirectValuesGoInAndAStructComesOut) {
  const structs::Mode modes[] = {structs::Mode::FAST, structs::Mode::SLOW};
  const std::string_view tags[] = {"a", "b"};
  const bool bits[] = {true};
  const std::byte bytes[] = {std::byte{1}, std::byte{2}};
  const std::span<const std::byte> blobs[] = {{}, bytes};
  const std::int16_t numbers[] = {-5};
  auto image =
      subject_.render(scene_, 7, "n", modes, tags, bits, blobs, numbers, bytes, structs::Mode::SLOW, true).value();
  EXPECT_EQ(image->getName(), "n/7/2/b/t/2/-5/2/slow/on");
  ASSERT_EQ(image->getPoints().size(), 2u);
  EXPECT_EQ(image->getPoints()[0].getX(), 3.5);
  const auto moved = std::move(image);
  EXPECT_EQ(moved.reader().getPoints()[1].getY(), -1);
  EXPECT_EQ(image->getName(), "") << "a moved-from Owned reads as defaults";
}

TEST_P(StructsTest, DirectResultsComeOutOfAMessage) {
  const auto result = subject_.measure(scene_).value();
  EXPECT_EQ(result.area, 3.5);
  EXPECT_EQ(result.label, "label");
  EXPECT_EQ(result.mode, structs::Mode::SLOW);
  EXPECT_THAT(result.tags, testing::ElementsAre("", "tag"));
  EXPECT_THAT(result.bits, testing::ElementsAre(true, false));
  EXPECT_THAT(result.blobs, testing::ElementsAre(testing::IsEmpty(), testing::SizeIs(1)));
  EXPECT_THAT(result.numbers, testing::ElementsAre(-1, 2));
  EXPECT_THAT(result.data, testing::ElementsAre(std::byte{9}));
  EXPECT_THAT(subject_.single(scene_).value(), testing::ElementsAre("scene", "0"));
  EXPECT_TRUE(subject_.plain(1, structs::Mode::SLOW).value().b);
}

TEST_P(StructsTest, AResultLargerThanItsFirstSegmentIsOneSegment) {
  const auto made = subject_.make(10'000).value();
  ASSERT_EQ(made->getPoints().size(), 10'000u);
  EXPECT_EQ(made->getPoints()[9'999].getX(), 9'999);
  EXPECT_EQ(made->getName(), "made");
}

TEST_P(StructsTest, AnUntouchedResultReadsAsDefaults) { EXPECT_EQ(subject_.fresh().value()->getPoints().size(), 0u); }

TEST_P(StructsTest, TwoStructsGoIn) { EXPECT_EQ(subject_.both(scene_, scene_).value()->getName(), "scenescene"); }

TEST_P(StructsTest, ImportsTakeStructs) {
  EXPECT_TRUE(subject_.take(scene_));
  scene_.setName("fail");
  EXPECT_EQ(subject_.take(scene_).error().text(), "nobody looks");
}

TEST_P(StructsTest, WhatCapnpRefusesIsAnError) {
  auto inner = scene_;
  for (int depth = 0; depth < 100; ++depth) inner = inner.initInner();
  const auto result = subject_.single(scene_.asReader());
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text(), HasSubstr("nest"));
}

}  // namespace
}  // namespace bulkhead::test
