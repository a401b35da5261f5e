// A module of both contracts: one class, one object.
#include "codec.module.h"
#include "gauge.module.h"

#include <cctype>
#include <cstddef>
#include <string>

namespace {

// Run lengths: "aaab" is "3a1b".
class Runs final : public codec::module::Codec, public gauge::module::Gauge {
 public:
  bulkhead::Result<std::string> encode(std::string_view text) override {
    std::string runs;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = text.find_first_not_of(text[at], at);
      if (end == text.npos) end = text.size();
      runs += std::to_string(end - at) + text[at];
      at = end;
    }
    return runs;
  }
  bulkhead::Result<std::string> decode(std::string_view runs) override {
    std::string text;
    for (std::size_t at = 0; at < runs.size(); ++at) {
      std::size_t count = 0;
      for (; at < runs.size() && std::isdigit(static_cast<unsigned char>(runs[at])) != 0; ++at) {
        count = 10 * count + static_cast<std::size_t>(runs[at] - '0');
      }
      if (at == runs.size() || count == 0 || count > 1000) return bulkhead::Error("these are no run lengths");
      text.append(count, runs[at]);
    }
    return text;
  }
  bulkhead::Result<double> measure(std::string_view text) override {
    const auto runs = encode(text);
    return text.empty() ? 1.0 : static_cast<double>(runs->size()) / static_cast<double>(text.size());
  }
  bulkhead::Result<std::string> unit() override { return std::string("times the length"); }
};

}  // namespace

BULKHEAD_MODULE(Runs, codec::module::CodecContract, gauge::module::GaugeContract)
