// Where the fixture modules are, and how their imports behave in tests.
#pragma once

#include "probe.host.h"
#include "shapes.host.h"

#include <bulkhead/testing.h>

#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace bulkhead::conformance {

inline std::string modulePath(const std::string& name) { return MODULE_FOLDER "/" + name + ".so"; }

// Gives every shape back.
class EchoHost final : public shapes::host::ShapesHost {
 public:
  Result<shapes::HostScalarsResult> hostScalars(bool a, std::int8_t b, std::int16_t c, std::int32_t d, std::int64_t e,
                                                std::uint8_t f, std::uint16_t g, std::uint32_t h, std::uint64_t i,
                                                float j, double k, shapes::Color l) override {
    return shapes::HostScalarsResult{a, b, c, d, e, f, g, h, i, j, k, l};
  }
  Result<std::string> text(std::string_view text) override { return std::string(text); }
  Result<std::vector<std::byte>> data(std::span<const std::byte> data) override {
    return std::vector(data.begin(), data.end());
  }
  Result<shapes::HostListsResult> hostLists(std::span<const bool> a, std::span<const std::int8_t> b,
                                            std::span<const std::int16_t> c, std::span<const std::int32_t> d,
                                            std::span<const std::int64_t> e, std::span<const std::uint8_t> f,
                                            std::span<const std::uint16_t> g, std::span<const std::uint32_t> h,
                                            std::span<const std::uint64_t> i, std::span<const float> j,
                                            std::span<const double> k, std::span<const shapes::Color> l,
                                            std::span<const std::string_view> m,
                                            std::span<const std::span<const std::byte>> n) override {
    shapes::HostListsResult result{{a.begin(), a.end()}, {b.begin(), b.end()},
                                   {c.begin(), c.end()}, {d.begin(), d.end()},
                                   {e.begin(), e.end()}, {f.begin(), f.end()},
                                   {g.begin(), g.end()}, {h.begin(), h.end()},
                                   {i.begin(), i.end()}, {j.begin(), j.end()},
                                   {k.begin(), k.end()}, {l.begin(), l.end()},
                                   {m.begin(), m.end()}, {}};
    for (const auto part : n) result.n.emplace_back(part.begin(), part.end());
    return result;
  }
  Result<void> nothing() override {
    ++nothings;
    return {};
  }

  int nothings = 0;
};

// The host's side of the probe: the test says what an act does.
class ProbeImports final : public probe::host::ProbeHost {
 public:
  using Act = std::function<Result<std::string>()>;

  // Before the calls that may ask for it.
  void on(const std::string& what, Act act) { acts_[what] = std::move(act); }

  Result<std::uint32_t> recurse(std::uint32_t depth) override { return onRecurse(depth); }
  Result<std::string> act(std::string_view what) override {
    const auto found = acts_.find(std::string(what));
    if (found != acts_.end()) return found->second();
    return "host: " + std::string(what);
  }

  std::function<Result<std::uint32_t>(std::uint32_t)> onRecurse = [](std::uint32_t depth) { return depth; };

 private:
  std::map<std::string, Act> acts_;
};

class ProbeFixture : public testing::EveryPlacement<probe::host::Probe> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("probe"); }
  Imports imports() override { return host_; }

  ProbeImports host_;
};

}  // namespace bulkhead::conformance
