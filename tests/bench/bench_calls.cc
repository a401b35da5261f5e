// Calls in both placements, by size.
#include "tests/bench/subject.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

using bulkhead::Placement;

Placement placementOf(benchmark::State& state) {
  const bool isolated = state.range(0) != 0;
  state.SetLabel(isolated ? "isolated" : "in-process");
  return isolated ? Placement::isolated() : Placement::inProcess();
}

void add(benchmark::State& state) {
  bench::Subject subject(placementOf(state));
  std::int32_t value = 0;
  for (auto turn : state) value = bench::must(subject.bench().add(value, 1));
  benchmark::DoNotOptimize(value);
}
BENCHMARK(add)->ArgName("isolated")->Arg(0)->Arg(1)->UseRealTime();

void addByHost(benchmark::State& state) {
  bench::Subject subject(placementOf(state));
  std::int32_t value = 0;
  for (auto turn : state) value = bench::must(subject.bench().addByHost(value, 1));
  benchmark::DoNotOptimize(value);
}
BENCHMARK(addByHost)->ArgName("isolated")->Arg(0)->Arg(1)->UseRealTime();

void echoText(benchmark::State& state) {
  bench::Subject subject(placementOf(state));
  const std::string text(static_cast<std::size_t>(state.range(1)), 'x');
  for (auto turn : state) benchmark::DoNotOptimize(bench::must(subject.bench().echoText(text)));
  state.SetBytesProcessed(state.iterations() * state.range(1) * 2);
}
BENCHMARK(echoText)->ArgNames({"isolated", "bytes"})->ArgsProduct({{0, 1}, {16, 1024, 8192}})->UseRealTime();

void echoData(benchmark::State& state) {
  bench::Subject subject(placementOf(state));
  const std::vector<std::byte> data(static_cast<std::size_t>(state.range(1)));
  for (auto turn : state) benchmark::DoNotOptimize(bench::must(subject.bench().echoData(data)));
  state.SetBytesProcessed(state.iterations() * state.range(1) * 2);
}
BENCHMARK(echoData)->ArgNames({"isolated", "bytes"})->ArgsProduct({{0, 1}, {65536, 1 << 20, 16 << 20}})->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
