// A small host for debuggers and checkers: loads, calls and unloads a module, several times.
//   diagnostics_cycles MODULE CYCLES in-process|isolated [stop]
// With `stop`, the last cycle goes into traced::innermost, where a debugger may wait.
#include "traced.host.h"

#include <bulkhead/host.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

bulkhead::Result<void> cycle(bulkhead::Host& host, const std::string& file, const bulkhead::Placement& placement,
                             bool stop) {
  auto module = host.load(file, placement);
  if (!module) return module.error();
  auto traced = module->get<traced::host::Traced>();
  if (!traced) return traced.error();
  if (const auto count = traced->hanging(); !count) return count.error();
  if (stop) {
    if (const auto where = traced->where(); !where) return where.error();
  }
  return module->unload();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int cycles = std::atoi(argv[2]);
  const auto placement =
      std::string(argv[3]) == "isolated" ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess();
  bulkhead::Host host;
  for (int i = 1; i <= cycles; ++i) {
    const auto done = cycle(host, argv[1], placement, argc > 4 && i == cycles);
    if (!done) {
      std::fprintf(stderr, "cycle %d: %s\n", i, done.error().message().c_str());
      return 1;
    }
  }
  std::printf("%d cycles\n", cycles);
  return 0;
}
