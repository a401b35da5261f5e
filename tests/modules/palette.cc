// All that direct methods can have, together with two more contracts: one of exports, one of imports only.
#include "counter.module.h"
#include "journal.module.h"
#include "palette.module.h"

#include <algorithm>
#include <string>

namespace {

using bulkhead::Error;
using bulkhead::Result;
using geometry::Axis;
using Shade = palette::Shade;

class Palette final : public palette::module::Palette, public counter::module::Counter {
 public:
  Palette(palette::module::PaletteHost& host, journal::module::Journal& journal) : host_(host), journal_(journal) {
    (void)journal_.write(journal::Level::info, "constructed").value();
  }

  Result<palette::DefaultsResult> defaults(std::int8_t a, bool b, float c, Shade d, std::string_view e,
                                           std::span<const std::byte> f, std::span<const std::int16_t> g,
                                           std::span<const std::string_view> h, std::span<const bool> i,
                                           std::span<const Axis> j, std::span<const std::span<const std::byte>> k,
                                           std::span<const double> l, std::uint64_t m,
                                           std::span<const std::int64_t> n) override {
    palette::DefaultsResult result{a,
                                   b,
                                   c,
                                   d,
                                   std::string(e),
                                   {f.begin(), f.end()},
                                   {g.begin(), g.end()},
                                   {h.begin(), h.end()},
                                   {i.begin(), i.end()},
                                   {j.begin(), j.end()},
                                   {},
                                   {l.begin(), l.end()},
                                   m,
                                   {n.begin(), n.end()}};
    for (const auto part : k) result.k.emplace_back(part.begin(), part.end());
    return result;
  }
  Result<std::vector<Axis>> axes(std::span<const Axis> axes) override {
    return std::vector<Axis>(axes.rbegin(), axes.rend());
  }
  Result<Shade> around(Shade b) override { return b; }
  Result<palette::ReportResult> report(bool viaHost, std::string_view line) override {
    if (!viaHost) return palette::ReportResult{1, std::string(line)};
    auto given = host_.report(line);
    if (!given) return given.error();
    return palette::ReportResult{given->lines, given->last};
  }
  Result<std::vector<std::byte>> bytes(bool viaHost, std::span<const std::byte> data) override {
    if (viaHost) return host_.bytes(data);
    return std::vector<std::byte>(data.begin(), data.end());
  }
  Result<std::vector<std::int64_t>> numbers(std::span<const std::int64_t> numbers) override {
    return std::vector<std::int64_t>(numbers.begin(), numbers.end());
  }
  Result<std::vector<bool>> flags(std::span<const bool> flags) override {
    std::vector<bool> result(flags.begin(), flags.end());
    result.flip();
    return result;
  }
  // Of Mixer, whom the host inherits from, too.
  Result<palette::MixResult> mix(Shade shade, Axis axis) override {
    auto mixed = host_.mix(shade, axis);
    if (!mixed) return mixed.error();
    return palette::MixResult{mixed->axis, mixed->shade};
  }

  Result<std::uint32_t> next() override { return ++count_; }
  Result<std::uint32_t> ofObject() override { return count_; }
  Result<std::uint32_t> ofThread() override { return Error("not here"); }
  Result<std::string> version() override {
    auto name = journal_.name();
    if (!name) return name.error();
    return "palette, for " + *name;
  }
  Result<std::uint64_t> checksum(std::span<const std::byte> data) override {
    auto kept = journal_.write(journal::Level::ERROR, "checksum");
    if (!kept) return kept.error();
    return data.size() + (*kept ? 1000u : 0u);
  }

 private:
  palette::module::PaletteHost& host_;
  journal::module::Journal& journal_;
  std::uint32_t count_ = 0;
};

}  // namespace

BULKHEAD_MODULE(Palette, palette::module::PaletteContract, counter::module::CounterContract,
                journal::module::JournalContract)
