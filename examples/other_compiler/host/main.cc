// The host: makes the same calls to each module it is given, whoever compiled it. With --isolated they run in workers;
// nothing else differs.
#include "words.host.h"

#include <bulkhead/host.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

#ifdef __clang__
constexpr const char* kCompiler = __VERSION__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

void show(const words::host::Words& words) {
  std::printf("built by %s\n", words.builtBy().value().c_str());
  const std::vector<std::string_view> unsorted{"hull", "bulkhead", "deck", "bow"};
  const auto sorted = words.sorted(unsorted).value();
  std::string line;
  for (const std::string& word : sorted) line += " " + word;
  std::printf("  sorted:%s\n  number(\"42\") = %d\n", line.c_str(), words.number("42").value());
  std::printf("  number(\"x\") fails: %s\n", words.number("x").error().message().c_str());
}

void run(const std::vector<std::string>& files, const bulkhead::Placement& placement) {
  std::printf("the host, which runs them %s, is built by %s\n", std::string(toString(placement.kind())).c_str(),
              kCompiler);
  bulkhead::Host host;
  for (const std::string& file : files) {
    const auto module = host.load(file, placement).value();
    show(module.get<words::host::Words>().value());
  }
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
