// The host: uses a module that has an allocator of its own, without knowing it. With --isolated the module runs in a
// worker; nothing else differs.
#include "index.host.h"

#include <bulkhead/host.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

using Index = lines::host::Index;

void showUsage(const Index& index) {
  const auto usage = index.usage().value();
  std::printf("  the arena: %llu blocks, %llu of %llu KiB\n", static_cast<unsigned long long>(usage.blocks),
              static_cast<unsigned long long>(usage.bytes >> 10), static_cast<unsigned long long>(usage.limit >> 10));
}

// Fills the arena up. What does not fit is an error like any other, and the module works on.
void fill(const Index& index) {
  for (int line = 0;; ++line) {
    const auto added = index.add("word" + std::to_string(line));
    if (added) continue;
    std::printf("  line %d does not fit: %s\n", line, added.error().message().c_str());
    return;
  }
}

void run(const char* file, const bulkhead::Placement& placement) {
  bulkhead::Host host;
  for (const bool isFull : {true, false}) {
    auto module = host.load(file, placement).value();
    const auto index = module.get<Index>().value();
    std::printf("loaded (%s)\n", std::string(toString(module.placement().kind)).c_str());
    showUsage(index);
    for (const char* line : {"a ship has many compartments", "a leak floods one", "the ship sails on"}) {
      index.add(line).value();
    }
    const auto found = index.find("ship").value();  // the host's copy, on the host's heap
    std::string lines;
    for (const std::uint32_t line : found) lines += " " + std::to_string(line);
    std::printf("  \"ship\" is on lines%s\n", lines.c_str());
    if (isFull) fill(index);
    showUsage(index);
    module.unload().value();
    std::printf("unloaded, and the arena with it\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool isolated = argc == 3 && std::string_view(argv[2]) == "--isolated";
  if (argc != 2 && !isolated) {
    std::fprintf(stderr, "usage: %s MODULE.so [--isolated]\n", argv[0]);
    return 64;
  }
  try {
    run(argv[1], isolated ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess());
    return 0;
  } catch (const bulkhead::BadResult& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
