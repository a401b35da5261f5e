// Structs: takes Readers, fills Builders.
#include "scene.module.h"

#include <string>

namespace {

using bulkhead::Error;
using bulkhead::Result;

class Renderer final : public scene::module::Renderer {
 public:
  explicit Renderer(scene::module::RendererHost& host) : host_(host) {}

  // Scales the points, and lets the host decorate what came out.
  Result<void> render(scene::Scene::Reader scene, double scale, std::string_view title,
                      std::span<const std::string_view> tags, scene::Scene::Builder image) override {
    capnp::MallocMessageBuilder scratch;
    auto scaled = scratch.initRoot<scene::Scene>();
    std::string name(title);
    for (const std::string_view tag : tags) name.append("+").append(tag);
    scaled.setName(name);
    scaled.setPixels(scene.getPixels());
    const auto given = scene.getPoints();
    auto points = scaled.initPoints(given.size());
    for (unsigned i = 0; i < points.size(); ++i) {
      points[i].setX(given[i].getX() * scale);
      points[i].setY(given[i].getY() * scale);
    }
    auto decorated = host_.decorate(scaled.asReader());
    if (!decorated) return decorated.error();
    image.setName(decorated->reader().getName());
    image.setPoints(decorated->reader().getPoints());
    image.setPixels(decorated->reader().getPixels());
    image.setInner(scene);
    return {};
  }

  Result<scene::MeasureResult> measure(scene::Scene::Reader scene) override {
    scene::MeasureResult result;
    result.name = scene.getName();
    for (auto at = scene;; at = at.getInner()) {
      result.points += at.getPoints().size();
      if (!at.isInner()) return result;
      ++result.depth;
    }
  }

  Result<void> make(std::uint32_t points, scene::Scene::Builder scene) override {
    auto list = scene.initPoints(points);
    for (unsigned i = 0; i < points; ++i) list[i].setX(i);
    return {};
  }
  Result<std::int32_t> add(std::int32_t a, std::int32_t b) override {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
  Result<void> fail(scene::Scene::Reader scene, scene::Scene::Builder out) override {
    out.setName("half done");
    return Error("cannot do " + std::string(scene.getName()));
  }

 private:
  scene::module::RendererHost& host_;
};

}  // namespace

BULKHEAD_MODULE(Renderer)
