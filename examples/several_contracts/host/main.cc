// The host: loads whatever modules it is given, and asks each which of its contracts it implements. With --isolated
// they run in workers; nothing else differs.
#include "codec.host.h"
#include "gauge.host.h"

#include <bulkhead/host.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kText = "aaaabbbbccccdddd";

// What modules may ask. Those whose contract has no imports do not see it.
class Bits final : public gauge::host::GaugeHost {
 public:
  bulkhead::Result<double> base() override { return 2.0; }
};

void show(const bulkhead::Module& module) {
  std::printf("%s (%s)\n", module.name().c_str(), std::string(toString(module.placement().kind)).c_str());
  if (const auto codec = module.get<codec::host::Codec>()) {
    const std::string written = codec->encode(kText).value();
    std::printf("  is a Codec: %s is %s, and back %s\n", std::string(kText).c_str(), written.c_str(),
                codec->decode(written).value().c_str());
  }
  if (const auto gauge = module.get<gauge::host::Gauge>()) {
    std::printf("  is a Gauge: %g %s\n", gauge->measure(kText).value(), gauge->unit().value().c_str());
  } else {
    std::printf("  is no Gauge: %s\n", gauge.error().message().c_str());
  }
}

void run(const std::vector<std::string>& files, const bulkhead::Placement& placement) {
  Bits bits;
  bulkhead::Host host;
  std::vector<bulkhead::Module> modules;
  for (const std::string& file : files) modules.push_back(host.load(file, placement, bits).value());
  for (const bulkhead::Module& module : modules) show(module);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files(argv + 1, argv + argc);
  const bool isolated = !files.empty() && files.back() == "--isolated";
  if (isolated) files.pop_back();
  if (files.empty()) {
    std::fprintf(stderr, "usage: %s MODULE.so... [--isolated]\n", argv[0]);
    return 64;
  }
  try {
    run(files, isolated ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess());
    return 0;
  } catch (const bulkhead::BadResult& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
