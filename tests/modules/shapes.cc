// Gives every shape back, on request by way of the host's import of the same shape.
#include "shapes.module.h"

#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

using bulkhead::Result;
using namespace shapes;

template <class T>
std::vector<T> copy(std::span<const T> list) {
  return {list.begin(), list.end()};
}

class ShapesModule final : public shapes::module::Shapes {
 public:
  explicit ShapesModule(shapes::module::ShapesHost& host) : host_(host) {}

  Result<ScalarsResult> scalars(bool viaHost, bool a, std::int8_t b, std::int16_t c, std::int32_t d, std::int64_t e,
                                std::uint8_t f, std::uint16_t g, std::uint32_t h, std::uint64_t i, float j, double k,
                                Color l) override {
    if (!viaHost) return ScalarsResult{a, b, c, d, e, f, g, h, i, j, k, l};
    auto answer = host_.hostScalars(a, b, c, d, e, f, g, h, i, j, k, l);
    if (!answer) return answer.error();
    return ScalarsResult{answer->a, answer->b, answer->c, answer->d, answer->e, answer->f,
                         answer->g, answer->h, answer->i, answer->j, answer->k, answer->l};
  }

  Result<std::string> text(bool viaHost, std::string_view text) override {
    if (viaHost) return host_.text(text);
    return std::string(text);
  }

  Result<std::vector<std::byte>> data(bool viaHost, std::span<const std::byte> data) override {
    if (viaHost) return host_.data(data);
    return copy(data);
  }

  Result<ListsResult> lists(bool viaHost, std::span<const bool> a, std::span<const std::int8_t> b,
                            std::span<const std::int16_t> c, std::span<const std::int32_t> d,
                            std::span<const std::int64_t> e, std::span<const std::uint8_t> f,
                            std::span<const std::uint16_t> g, std::span<const std::uint32_t> h,
                            std::span<const std::uint64_t> i, std::span<const float> j, std::span<const double> k,
                            std::span<const Color> l, std::span<const std::string_view> m,
                            std::span<const std::span<const std::byte>> n) override {
    if (!viaHost) {
      ListsResult result{{a.begin(), a.end()},
                         copy(b),
                         copy(c),
                         copy(d),
                         copy(e),
                         copy(f),
                         copy(g),
                         copy(h),
                         copy(i),
                         copy(j),
                         copy(k),
                         copy(l),
                         {},
                         {}};
      for (const auto text : m) result.m.emplace_back(text);
      for (const auto data : n) result.n.push_back(copy(data));
      return result;
    }
    auto answer = host_.hostLists(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
    if (!answer) return answer.error();
    return ListsResult{std::move(answer->a), std::move(answer->b), std::move(answer->c), std::move(answer->d),
                       std::move(answer->e), std::move(answer->f), std::move(answer->g), std::move(answer->h),
                       std::move(answer->i), std::move(answer->j), std::move(answer->k), std::move(answer->l),
                       std::move(answer->m), std::move(answer->n)};
  }

  Result<void> nothing(bool viaHost) override { return viaHost ? host_.nothing() : Result<void>(); }
  Result<void> empty() override { return {}; }
  Result<std::uint64_t> one() override { return std::uint64_t{0x8000'0000'0000'0001}; }
  Result<Color> color(Color color) override { return color; }
  Result<bool> bit(bool bit) override { return bit; }
  Result<double> sum(std::span<const double> numbers) override {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0);
  }
  Result<std::vector<std::string>> names() override { return std::vector<std::string>{"", "one", "two words"}; }

 private:
  shapes::module::ShapesHost& host_;
};

}  // namespace

BULKHEAD_MODULE(ShapesModule)
