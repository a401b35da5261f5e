// A module of the other contract. It calls the host.
#include "gauge.module.h"

#include <array>
#include <cmath>
#include <string>

namespace {

class Entropy final : public gauge::module::Gauge {
 public:
  explicit Entropy(gauge::module::GaugeHost& host) : host_(host) {}

  bulkhead::Result<double> measure(std::string_view text) override {
    if (text.empty()) return 0.0;
    auto base = host_.base();
    if (!base) return std::move(base).error();
    std::array<int, 256> counts{};
    for (const char c : text) ++counts[static_cast<unsigned char>(c)];
    double sum = 0;
    for (const int count : counts) {
      const double share = count / static_cast<double>(text.size());
      if (count > 0) sum -= share * std::log(share) / std::log(*base);
    }
    return sum;
  }
  bulkhead::Result<std::string> unit() override { return std::string("per character"); }

 private:
  gauge::module::GaugeHost& host_;
};

}  // namespace

BULKHEAD_MODULE(Entropy)
