// The host: the same program in both placements. Run it as it is, or with BULKHEAD_PLACEMENT=isolated.
#include "hello.host.h"

#include <bulkhead/host.h>

#include <cstdio>
#include <string_view>

namespace {

class Log final : public hello::host::HelloHost {
 public:
  bulkhead::Result<void> log(std::string_view line) override {
    std::printf("  module says: %.*s\n", static_cast<int>(line.size()), line.data());
    return {};
  }
};

int run(const char* file) {
  Log log;
  bulkhead::Host host;
  auto module = host.load(file, bulkhead::Placement::inProcess(), log).value();
  const std::string_view kind = toString(module.placement().kind);
  std::printf("%s runs %.*s (%s)\n", module.name().c_str(), static_cast<int>(kind.size()), kind.data(),
              module.placement().reason.c_str());
  auto hello = module.get<hello::host::Hello>().value();
  std::printf("  greet(\"world\") = %s\n", hello.greet("world").value().c_str());
  std::printf("  add(2, 40) = %d\n", hello.add(2, 40).value());
  std::printf("  greet(\"\") fails: %s\n", hello.greet("").error().message().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s MODULE.so\n", argv[0]);
    return 64;
  }
  try {
    return run(argv[1]);
  } catch (const bulkhead::BadResult& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
