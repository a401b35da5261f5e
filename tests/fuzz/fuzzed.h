// A module and a host of fuzzed.capnp that give back what arrives, and callers of every method.
#pragma once

#include "fuzzed.host.h"
#include "fuzzed.module.h"

#include <bulkhead/contract_host.h>
#include <bulkhead/module.h>

#include <capnp/message.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::fuzz {

template <class To, class From>
To copied(const From& from) {
  To to;
  for (const auto& element : from) {
    if constexpr (requires { to.emplace_back(element.begin(), element.end()); }) {
      to.emplace_back(element.begin(), element.end());
    } else {
      to.push_back(element);
    }
  }
  return to;
}

// Reads all that is in a scene.
inline std::uint64_t weigh(fuzzed::Scene::Reader scene) {
  std::uint64_t weight = scene.getName().size();
  for (const auto point : scene.getPoints()) weight += point.getX() > point.getY() ? 1 : 0;
  for (const auto tag : scene.getTags()) weight += tag.size();
  for (const auto row : scene.getRows()) {
    for (const std::int32_t number : row) weight += number > 0 ? 1 : 0;
  }
  return weight + (scene.isInner() ? weigh(scene.getInner()) : 0);
}

class Module final : public fuzzed::module::Fuzzed {
 public:
  explicit Module(fuzzed::module::FuzzedHost& host) : host_(host) {}

  Result<fuzzed::ScalarsResult> scalars(bool a, std::int8_t b, std::int16_t c, std::int32_t d, std::int64_t e,
                                        std::uint8_t f, std::uint16_t g, std::uint32_t h, std::uint64_t i, float j,
                                        double k, fuzzed::Mode l) override {
    return fuzzed::ScalarsResult{a, b, c, d, e, f, g, h, i, j, k, l};
  }
  Result<fuzzed::TextsResult> texts(std::string_view m, std::span<const std::byte> n) override {
    return fuzzed::TextsResult{std::string(m), {n.begin(), n.end()}};
  }
  Result<fuzzed::ListsResult> lists(std::span<const bool> a, std::span<const std::int8_t> b,
                                    std::span<const std::int16_t> c, std::span<const std::int32_t> d,
                                    std::span<const std::int64_t> e, std::span<const std::uint8_t> f,
                                    std::span<const std::uint16_t> g, std::span<const std::uint32_t> h,
                                    std::span<const std::uint64_t> i, std::span<const float> j,
                                    std::span<const double> k, std::span<const fuzzed::Mode> l,
                                    std::span<const std::string_view> m,
                                    std::span<const std::span<const std::byte>> n) override {
    fuzzed::ListsResult result;
    result.a = copied<decltype(result.a)>(a), result.b = copied<decltype(result.b)>(b);
    result.c = copied<decltype(result.c)>(c), result.d = copied<decltype(result.d)>(d);
    result.e = copied<decltype(result.e)>(e), result.f = copied<decltype(result.f)>(f);
    result.g = copied<decltype(result.g)>(g), result.h = copied<decltype(result.h)>(h);
    result.i = copied<decltype(result.i)>(i), result.j = copied<decltype(result.j)>(j);
    result.k = copied<decltype(result.k)>(k), result.l = copied<decltype(result.l)>(l);
    result.m = copied<decltype(result.m)>(m), result.n = copied<decltype(result.n)>(n);
    return result;
  }
  Result<void> nothing() override { return {}; }
  Result<std::vector<std::string>> relay(std::span<const std::string_view> lines) override {
    auto joined = host_.join(lines);
    if (!joined) return joined.error();
    return joined->lines;
  }
  Result<void> render(fuzzed::Scene::Reader scene, std::string_view name, std::span<const std::string_view> tags,
                      std::span<const bool> bits, std::span<const std::span<const std::byte>> blobs,
                      std::span<const std::int16_t> numbers, fuzzed::Mode, fuzzed::Scene::Builder image) override {
    const std::size_t sizes = name.size() + tags.size() + bits.size() + blobs.size() + numbers.size();
    image.setName(std::to_string(weigh(scene) + sizes));
    image.setInner(scene);
    return {};
  }
  Result<fuzzed::MeasureResult> measure(fuzzed::Scene::Reader scene) override {
    fuzzed::MeasureResult result;
    result.area = static_cast<double>(weigh(scene));
    result.label = "label";
    result.mode = fuzzed::Mode::SLOW;
    result.tags = {"", "tag"};
    result.bits = {true, false};
    result.blobs = {{}, {std::byte{1}}};
    result.numbers = {-1, 2};
    result.data = {std::byte{9}};
    return result;
  }
  Result<void> show(fuzzed::Scene::Reader scene, fuzzed::Scene::Builder answer) override {
    auto shown = host_.show(scene);
    if (!shown) return shown.error();
    answer.setInner(shown->reader());
    return {};
  }

 private:
  fuzzed::module::FuzzedHost& host_;
};

class HostObject final : public fuzzed::host::FuzzedHost {
 public:
  Result<fuzzed::JoinResult> join(std::span<const std::string_view> lines) override {
    return fuzzed::JoinResult{copied<std::vector<std::string>>(lines), static_cast<std::uint8_t>(lines.size())};
  }
  Result<void> show(fuzzed::Scene::Reader scene, fuzzed::Scene::Builder answer) override {
    answer.setName("shown " + std::to_string(weigh(scene)));
    return {};
  }
};

inline constexpr std::uint16_t kMethods = 8;

// Arguments that a good caller gives.
class Arguments {
 public:
  Arguments() {
    auto scene = message_.initRoot<fuzzed::Scene>();
    scene.setName("outer");
    scene.initPoints(2)[1].setX(1);
    scene.initTags(2).set(1, "tag");
    auto rows = scene.initRows(2);
    rows.init(1, 3).set(2, -1);
    scene.initInner().setName("inner");
  }
  fuzzed::Scene::Reader scene() { return message_.getRoot<fuzzed::Scene>().asReader(); }

  std::vector<std::string_view> texts = {"one", "", "three"};
  std::vector<std::byte> bytes = {std::byte{1}, std::byte{2}, std::byte{3}};
  std::vector<std::span<const std::byte>> blobs = {bytes, {}};
  bool bits[3] = {true, false, true};

 private:
  capnp::MallocMessageBuilder message_;
};

// How much came back: bytes, elements. Nothing for an error.
inline std::uint64_t callMethod(const fuzzed::host::Fuzzed& subject, Arguments& with, std::uint16_t method) {
  static const std::int8_t b[] = {1, -2};
  static const std::int16_t c[] = {1, -2, 3};
  static const std::int32_t d[] = {1};
  static const std::int64_t e[] = {1, -2};
  static const std::uint8_t f[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  static const std::uint16_t g[] = {1, 2};
  static const std::uint32_t h[] = {1, 2, 3};
  static const std::uint64_t i[] = {1, 2};
  static const float j[] = {0.5F, -1};
  static const double k[] = {0.5, -1};
  static const fuzzed::Mode l[] = {fuzzed::Mode::SLOW, fuzzed::Mode::FAST};
  const auto sum = [](const auto& list) {
    std::uint64_t size = list.size();
    for (const auto& one : list) {
      if constexpr (requires { one.size(); }) size += one.size();
    }
    return size;
  };
  switch (method % kMethods) {
    case 0: return subject.scalars(true, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, fuzzed::Mode::SLOW) ? 1 : 0;
    case 1: {
      const auto result = subject.texts("text", with.bytes);
      return result ? result->m.size() + result->n.size() : 0;
    }
    case 2: {
      const auto r = subject.lists(with.bits, b, c, d, e, f, g, h, i, j, k, l, with.texts, with.blobs);
      if (!r) return 0;
      return r->a.size() / 8 + sum(r->b) + sum(r->c) + sum(r->d) + sum(r->e) + sum(r->f) + sum(r->g) + sum(r->h) +
             sum(r->i) + sum(r->j) + sum(r->k) + sum(r->l) + sum(r->m) + sum(r->n);
    }
    case 3: return subject.nothing() ? 1 : 0;
    case 4: {
      const auto result = subject.relay(with.texts);
      return result ? sum(*result) : 0;
    }
    case 5: {
      const auto result =
          subject.render(with.scene(), "name", with.texts, with.bits, with.blobs, c, fuzzed::Mode::SLOW);
      return result ? result->reader().totalSize().wordCount : 0;
    }
    case 6: {
      const auto r = subject.measure(with.scene());
      return r ? r->label.size() + sum(r->tags) + sum(r->blobs) + sum(r->numbers) + r->data.size() : 0;
    }
    default: {
      const auto result = subject.show(with.scene());
      return result ? result->reader().totalSize().wordCount : 0;
    }
  }
}

// A handle of the host's whose calls go to a channel.
class StubHandle {
 public:
  explicit StubHandle(BulkheadChannel& channel) {
    for (const detail::ContractDescription& known : detail::ContractRegistration::all()) {
      if (known.exports != nullptr && known.exports->interfaceId == fuzzed::kFuzzedInterfaceId) {
        binding_.table = known.exports->stubTable;
      }
    }
    binding_.self = &channel;
    binding_.flags = detail::Binding::kHostMade;
    slot_->binding = &binding_;
    slot_->interfaceId = fuzzed::kFuzzedInterfaceId;
  }
  fuzzed::host::Fuzzed get() const { return fuzzed::host::Fuzzed(slot_); }

 private:
  detail::Binding binding_;
  std::shared_ptr<detail::InterfaceSlot> slot_ = std::make_shared<detail::InterfaceSlot>();
};

// The module's object, its import by way of `import`.
class Instance {
 public:
  explicit Instance(const BulkheadImport& import) : module_(*detail::moduleOf<Module>()) {
    const BulkheadCreateArguments arguments = {sizeof(arguments), nullptr, &import, 1};
    const BulkheadErrorSink ignored = {nullptr, [](void*, const BulkheadErrorView*) {}};
    if (module_.create(&arguments, &self_, &ignored) != BULKHEAD_OK) __builtin_trap();
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() { module_.destroy(self_); }

  const BulkheadExport& exported() const { return module_.exports[0]; }
  const BulkheadImportDeclaration& imported() const { return module_.imports[0]; }
  void* self() const { return self_; }

 private:
  const BulkheadModule& module_;
  void* self_ = nullptr;
};

}  // namespace bulkhead::fuzz
