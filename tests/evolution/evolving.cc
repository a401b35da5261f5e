// One module, built with either version of its contract (EVOLVING_VERSION 1 or 2), or with a first version that has one
// fault (EVOLVING_...).
#include "evolving.module.h"

#include <cstdio>
#include <string>

namespace {

using bulkhead::Error;
using bulkhead::Result;

class Evolving final : public evolving::module::Evolving {
 public:
  explicit Evolving(evolving::module::EvolvingHost& host) : host_(host) {}

#ifdef EVOLVING_TYPE_CHANGED
  Result<std::int32_t> untouched(std::int32_t a, float) override { return a; }
#else
  Result<std::int32_t> untouched(std::int32_t a, std::int32_t b) override { return a + b; }
#endif
  Result<evolving::Color> enumValueAdded(evolving::Color color) override { return color; }
  Result<void> structGrown(evolving::Point::Reader point, evolving::Point::Builder out) override {
    out.setX(point.getX() + 1);
#ifndef EVOLVING_STRUCT_CHANGED
    out.setY(point.getY() + 1);
#endif
#if EVOLVING_VERSION == 2
    out.setZ(point.getZ() + 1);
    out.setLabel(point.hasLabel() ? point.getLabel() : "without a label");
#endif
    return {};
  }
  Result<std::string> unionMemberAdded(evolving::Shape::Reader shape) override {
    switch (shape.which()) {
      case evolving::Shape::NOTHING: return "nothing";
      case evolving::Shape::CIRCLE: return "circle " + std::to_string(shape.getCircle());
#if EVOLVING_VERSION == 2
      case evolving::Shape::NAME: return "name " + std::string(shape.getName());
#endif
      default: return "unknown";
    }
  }

#if EVOLVING_VERSION == 1
  Result<std::int32_t> parameterAdded(std::int32_t a) override { return a; }
  Result<std::int32_t> resultAdded(std::int32_t a) override { return 2 * a; }
  Result<std::string> textAdded(std::string_view name) override { return std::string(name); }
  Result<std::int32_t> listOfStructs(evolving::Path::Reader path) override {
    std::int32_t sum = 0;
    for (const std::int32_t length : path.getLengths()) sum += length;
    return sum;
  }
  Result<std::string> becameMessage(std::string_view name) override { return std::string(name); }
#ifdef EVOLVING_ORDINAL_REUSED
  Result<std::string> other(std::string_view text) override { return std::string(text); }
#else
  Result<std::int32_t> oldName(std::int32_t a) override { return 10 * a; }
#endif
  Result<void> fails(std::int32_t a) override { return Error("cannot do " + std::to_string(a)); }
  Result<std::string> callsBack(std::int32_t a) override {
#ifdef EVOLVING_OTHER_PARAMETERS
    const auto plain = host_.untouched(std::to_string(a));
#else
    const auto plain = host_.untouched(a);
#endif
    const auto added = host_.parameterAdded(a);
    const auto text = host_.hostResultAdded();
    if (!plain || !added || !text) return !plain ? plain.error() : !added ? added.error() : text.error();
    return std::to_string(*plain) + " " + std::to_string(*added) + " " + *text;
  }
#else
  Result<std::int32_t> parameterAdded(std::int32_t a, std::int32_t b, std::string_view note) override {
    return a + b + static_cast<std::int32_t>(note.size());
  }
  Result<evolving::ResultAddedResult> resultAdded(std::int32_t a) override {
    return evolving::ResultAddedResult{2 * a, 3 * a};
  }
  Result<evolving::TextAddedResult> textAdded(std::string_view name, std::string_view suffix) override {
    std::string text(name);
    text += suffix;
    return evolving::TextAddedResult{text, static_cast<std::uint32_t>(text.size())};
  }
  Result<std::int32_t> listOfStructs(evolving::Path::Reader path) override {
    std::int32_t sum = 0;
    for (const auto length : path.getLengths()) sum += length.getValue();
    return sum;
  }
  Result<std::string> becameMessage(std::string_view name, evolving::Point::Reader point) override {
    return std::string(name) + "@" + std::to_string(point.getX());
  }
  Result<std::int32_t> newName(std::int32_t first) override { return 10 * first; }
  Result<void> fails(std::int32_t a, std::string_view note) override {
    return Error("cannot do " + std::to_string(a) + std::string(note));
  }
  Result<std::int32_t> methodAdded(std::int32_t a) override { return -a; }
  Result<std::string> callsBack(std::int32_t a) override {
    const auto plain = host_.untouched(a);
    const auto added = host_.parameterAdded(a, 100);
    const auto text = host_.hostResultAdded();
    if (!plain || !added || !text) return !plain ? plain.error() : !added ? added.error() : text.error();
    const auto later = host_.methodAdded();
    return std::to_string(*plain) + " " + std::to_string(*added) + " " + text->text + "/" + std::to_string(text->size) +
           " " + (later ? *later : toString(later.error().kind()));
  }
#endif

 private:
  evolving::module::EvolvingHost& host_;
};

#ifdef LEAVES_TRACE
// As soon as any code of the module runs (tests/modules/trace.h).
[[gnu::constructor]] void leaveTrace() { std::fputs("code of the module has run\n", stderr); }
#endif

}  // namespace

BULKHEAD_MODULE(Evolving)
