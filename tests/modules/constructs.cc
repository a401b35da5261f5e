// Every construct of a contract with structs: gives back what it gets, or what the host's method gives.
#include "constructs.module.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>

namespace {

using bulkhead::Error;
using bulkhead::Result;
using constructs::Request;
using constructs::Response;
using constructs::Shape;
using geometry::Axis;
using geometry::Box;
using geometry::Point;
using Api = constructs::Constructs;

// Copies one result that the host gave.
template <class Given, class Copy>
Result<void> passOn(const Given& given, const Copy& copy) {
  if (!given) return given.error();
  copy(given->reader());
  return {};
}

class Constructs final : public constructs::module::Constructs {
 public:
  explicit Constructs(constructs::module::ConstructsHost& host) : host_(host) {}

  Result<void> points(bool viaHost, capnp::List<Point>::Reader points, Api::PointsResults::Builder results) override {
    if (viaHost) return passOn(host_.points(points), [&](auto given) { results.setPoints(given.getPoints()); });
    auto list = results.initPoints(points.size());
    for (unsigned i = 0; i < list.size(); ++i) list.setWithCaveats(i, points[points.size() - 1 - i]);
    return {};
  }
  Result<void> rows(bool viaHost, capnp::List<capnp::List<std::int32_t>>::Reader rows,
                    Api::RowsResults::Builder results) override {
    if (viaHost) return passOn(host_.rows(rows), [&](auto given) { results.setRows(given.getRows()); });
    auto list = results.initRows(rows.size());
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, rows[rows.size() - 1 - i]);
    return {};
  }
  Result<void> words(bool viaHost, capnp::List<capnp::List<capnp::Text>>::Reader words,
                     Api::WordsResults::Builder results) override {
    if (viaHost) return passOn(host_.words(words), [&](auto given) { results.setWords(given.getWords()); });
    results.setWords(words);
    return {};
  }
  Result<void> axes(bool viaHost, capnp::List<capnp::List<Axis>>::Reader axes,
                    Api::AxesResults::Builder results) override {
    if (viaHost) return passOn(host_.axes(axes), [&](auto given) { results.setAxes(given.getAxes()); });
    results.setAxes(axes);
    return {};
  }
  Result<void> cube(bool viaHost, capnp::List<capnp::List<capnp::List<float>>>::Reader cube,
                    Api::CubeResults::Builder results) override {
    if (viaHost) return passOn(host_.cube(cube), [&](auto given) { results.setCube(given.getCube()); });
    results.setCube(cube);
    return {};
  }
  Result<void> any(bool viaHost, capnp::AnyPointer::Reader value, Api::AnyResults::Builder results) override {
    if (viaHost) return passOn(host_.any(value), [&](auto given) { results.getValue().set(given.getValue()); });
    results.getValue().set(value);
    return {};
  }
  Result<void> anySorted(bool viaHost, capnp::AnyStruct::Reader structure, capnp::AnyList::Reader list,
                         Api::AnySortedResults::Builder results) override {
    const auto copy = [&](auto given) {
      results.setStructure(given.getStructure());
      results.setList(given.getList());
    };
    if (viaHost) return passOn(host_.anySorted(structure, list), copy);
    results.setStructure(structure);
    results.setList(list);
    return {};
  }
  Result<void> search(Request::Reader params, Response::Builder results) override {
    const auto copy = [&](auto given) {
      results.setId(given.getId());
      results.setStatus(given.getStatus());
      results.setPoints(given.getPoints());
    };
    if (params.getViaHost()) return passOn(host_.search(params), copy);
    results.setId(params.getId());
    if (params.isByName()) results.setStatus(std::string(params.getQuery()) + "/" + std::string(params.getByName()));
    if (params.isByPoint()) results.initPoints(1).setWithCaveats(0, params.getByPoint());
    return {};
  }
  Result<void> fresh(constructs::Empty::Reader, Response::Builder) override { return {}; }
  Result<void> mixed(bool viaHost, Point::Reader point, std::uint32_t count, std::span<const std::string_view> labels,
                     std::span<const bool> bits, Axis axis, Api::MixedResults::Builder results) override {
    const auto copy = [&](auto given) {
      results.setPoint(given.getPoint());
      results.setCount(given.getCount());
      results.setLabels(given.getLabels());
      results.setBits(given.getBits());
      results.setAxis(given.getAxis());
      results.setMore(given.getMore());
    };
    if (viaHost) return passOn(host_.mixed(point, count, labels, bits, axis), copy);
    results.setPoint(point);
    results.setCount(count);
    auto names = results.initLabels(static_cast<unsigned>(labels.size()));
    for (unsigned i = 0; i < names.size(); ++i) names.set(i, std::string(labels[i]));
    auto flags = results.initBits(static_cast<unsigned>(bits.size()));
    for (unsigned i = 0; i < flags.size(); ++i) flags.set(i, bits[i]);
    results.setAxis(axis);
    auto more = results.initMore(count);
    for (unsigned i = 0; i < count; ++i) more[i].setX(i);
    return {};
  }
  Result<void> shape(bool viaHost, Shape::Reader shape, Shape::Builder out) override {
    const auto copy = [&](Shape::Reader from) {
      out.setName(from.getName());
      switch (from.which()) {
        case Shape::NOTHING: out.setNothing(); break;
        case Shape::CIRCLE:
          out.initCircle().setCenter(from.getCircle().getCenter());
          out.getCircle().setRadius(from.getCircle().getRadius());
          break;
        case Shape::POLYGON: out.setPolygon(from.getPolygon()); break;
        case Shape::HOLES: out.setHoles(from.getHoles()); break;
      }
      const auto attributes = from.getAttributes();
      out.getAttributes().setVisible(attributes.getVisible());
      out.getAttributes().setLayers(attributes.getLayers());
      if (attributes.getStyle().isDashed()) out.getAttributes().getStyle().setDashed(attributes.getStyle().getDashed());
    };
    if (viaHost) return passOn(host_.shape(shape), copy);
    copy(shape);
    return {};
  }
  Result<void> boxes(bool viaHost, Box<capnp::Text>::Reader box, Box<capnp::Data>::Part::Reader part,
                     capnp::List<Box<Point>>::Reader many, Box<>::Reader open,
                     Api::BoxesResults::Builder results) override {
    const auto copy = [&](auto given) {
      results.setBox(given.getBox());
      results.setPart(given.getPart());
      results.setMany(given.getMany());
      results.setOpen(given.getOpen());
    };
    if (viaHost) return passOn(host_.boxes(box, part, many, open), copy);
    results.setBox(box);
    results.setPart(part);
    results.setMany(many);
    results.setOpen(open);
    return {};
  }
  Result<constructs::DefaultsResult> defaults(std::int32_t a, bool b, double c, Axis d, std::string_view e,
                                              std::span<const std::byte> f, std::span<const std::int16_t> g,
                                              std::span<const std::string_view> h, std::span<const bool> i) override {
    return constructs::DefaultsResult{a,
                                      b,
                                      c,
                                      d,
                                      std::string(e),
                                      {f.begin(), f.end()},
                                      {g.begin(), g.end()},
                                      {h.begin(), h.end()},
                                      {i.begin(), i.end()}};
  }
  Result<void> nothing() override { return {}; }
  Result<std::int32_t> aroundNothing(std::int32_t b) override { return b; }
  Result<void> paint(bool viaHost, Shape::Paint::Reader paint, Shape::Finish finish,
                     Api::PaintResults::Builder results) override {
    const auto copy = [&](auto given) {
      results.setFinish(given.getFinish());
      results.setPaint(given.getPaint());
    };
    if (viaHost) return passOn(host_.paint(paint, finish), copy);
    results.setFinish(finish);
    results.setPaint(paint);
    return {};
  }
  Result<constructs::TallyResult> tally(bool viaHost, std::span<const std::string_view> words) override {
    constructs::TallyResult result;
    if (viaHost) {
      auto given = host_.tally(words);
      if (!given) return given.error();
      const constructs::ConstructsHostTallyResult& their = *given;  // a type of its own: nothing clashes
      return constructs::TallyResult{their.count, their.longest};
    }
    result.count = static_cast<std::uint32_t>(words.size());
    for (const std::string_view word : words) {
      if (word.size() > result.longest.size()) result.longest = word;
    }
    return result;
  }
  Result<void> voids(bool viaHost, capnp::List<capnp::Void>::Reader voids,
                     Api::VoidsResults::Builder results) override {
    if (viaHost) return passOn(host_.voids(voids), [&](auto given) { results.setVoids(given.getVoids()); });
    results.setVoids(voids);
    return {};
  }
  Result<constructs::ReadMissingResult> readMissing(Point::Reader point) override {
    return constructs::ReadMissingResult{point.getWeight(), point.getTag()};
  }
  Result<void> failing(capnp::List<Point>::Reader points, Api::FailingResults::Builder results) override {
    results.setCount(7);
    if (points.size() > 1) throw std::runtime_error("too many points");
    return Error("no points: " + std::to_string(points.size()));
  }
  Result<std::string> hostName() override {
    auto before = host_.rename("renamed by the module");
    if (!before) return before.error();
    auto name = host_.name();
    if (!name) return name.error();
    return before->before + " -> " + *name + " (" + std::to_string(before->count) + ")";
  }
  Result<Axis> axis(Axis axis) override { return axis; }
  Result<float> weigh(Box<Point>::Reader params) override { return params.getValue().getWeight(); }

  // Of Lifecycle.Closable and Lifecycle.Named
  Result<bool> close(Axis axis) override { return std::exchange(isOpen_, false) && axis == Axis::Z_AXIS; }
  Result<void> origin(Point::Builder point) override {
    point.setTag("origin");
    return {};
  }
  Result<std::string> name() override { return name_; }
  Result<constructs::RenameResult> rename(std::string_view text) override {
    return constructs::RenameResult{std::exchange(name_, std::string(text)), ++renames_};
  }

 private:
  constructs::module::ConstructsHost& host_;
  bool isOpen_ = true;
  std::string name_ = "constructs";
  std::uint32_t renames_ = 0;
};

}  // namespace

BULKHEAD_MODULE(Constructs)
