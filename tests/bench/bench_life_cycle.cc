// Loads and recoveries in both placements.
#include "tests/bench/subject.h"

#include <benchmark/benchmark.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;

// Load, first answer, unload.
void loadAndUnload(benchmark::State& state) {
  const bool isolated = state.range(0) != 0;
  state.SetLabel(isolated ? "isolated" : "in-process");
  bench::ImportedAdder imported;
  bulkhead::Host host(bench::quiet());
  for (auto turn : state) {
    auto module = host.load(bench::kModule,
                            isolated ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess(), imported)
                      .value();
    bench::must(module.get<bench::host::Bench>().value().add(1, 2));
  }
}
BENCHMARK(loadAndUnload)->ArgName("isolated")->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMicrosecond);

// A hung call's deadline of 5 ms, its kill, and the next worker's first answer.
void hangAndRecover(benchmark::State& state) {
  bench::Subject subject(bulkhead::Placement::isolated());
  for (auto turn : state) {
    if (subject.bench().within(5ms).hang()) state.SkipWithError("a hung call answered");
    bench::must(subject.bench().add(1, 2));
  }
}
BENCHMARK(hangAndRecover)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
