// The host: draws each line of its input, by the module as its file is at that moment. With --isolated the module runs
// in a worker; nothing else differs.
#include "banner.host.h"

#include <bulkhead/reloader.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

namespace {

// Callbacks of the Reloader, on its thread.
void onReload(const bulkhead::Result<bulkhead::ReloadReport>& reloaded) {
  if (reloaded) {
    std::printf("reloaded: generation %llu serves, the old one is %.*s\n",
                static_cast<unsigned long long>(reloaded->newGeneration),
                static_cast<int>(toString(reloaded->old).size()), toString(reloaded->old).data());
  } else {
    std::printf("not reloaded: %s\n", reloaded.error().message().c_str());
  }
}

void onFile(const bulkhead::FileChange& change) { std::printf("the file is %s\n", toString(change.kind)); }

int run(const char* file, const bulkhead::Placement& placement) {
  bulkhead::Host host;
  const auto module = host.load(file, placement).value();
  const auto banner = module.get<banner::host::Banner>().value();  // stays good across reloads
  const auto reloader = bulkhead::Reloader::start(
                            module, {.watch = {}, .reload = {}, .before = {}, .after = &onReload, .onFile = &onFile})
                            .value();
  const std::string_view kind = toString(module.placement().kind);
  std::printf("%s, following %s\n", std::string(kind).c_str(), file);
  for (std::string line; std::getline(std::cin, line);) std::printf("%s\n", banner.draw(line).value().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool isolated = argc == 3 && std::string_view(argv[2]) == "--isolated";
  if (argc != 2 && !isolated) {
    std::fprintf(stderr, "usage: %s MODULE.so [--isolated]\n", argv[0]);
    return 64;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    return run(argv[1], isolated ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess());
  } catch (const bulkhead::BadResult& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
