// In-process calls and loads.
#include "tests/bench/floors.h"
#include "tests/bench/groups.h"
#include "tests/bench/stats.h"
#include "tests/bench/subject.h"
#include "tests/bench/system.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bench {
namespace {

constexpr int kCalls = 10'000;

// Calls that do not wait for each other's results, as the floor prototype has them: f(i, 1), added up. `call` throws
// on an error.
template <class Call>
double addNs(int batches, const Call& call) {
  return nsPerCall(batches, 1,
                   [&] {
                     std::int32_t sum = 0;
                     for (std::int32_t i = 0; i < kCalls; ++i) {
                       sum += call(i);
                       asm volatile("" : "+r"(sum));
                     }
                     if (sum != kCalls / 2 * (kCalls + 1)) throw std::logic_error("the sums are wrong");
                   }) /
         kCalls;
}

double virtualNs(Adder& adder, int batches) {
  return addNs(batches, [object = &adder](std::int32_t i) { return object->add(i, 1); });
}

double callNs(const host::Bench& bench, int batches) {
  return addNs(batches, [bench](std::int32_t i) { return must(bench.add(i, 1)); });
}

void measureCall(Run& run, VirtualCall& floor, Subject& subject) {
  const Pinned pinned(0);
  Samples floors, calls, ratios;
  for (int round = 0; round < run.rounds(); ++round) {
    floors.add(virtualNs(floor.adder(), run.batches(300)));
    calls.add(callNs(subject.bench(), run.batches(300)));
  }
  run.report.note("virtual call", floors.median(), "ns");
  run.report.note("in-process call", calls.median(), "ns");
  run.report.line("inprocess_over_virtual", calls.median() / floors.median());
}

// The slower of `threads` threads that start together, each on a CPU of its own.
template <class F>
double slowestNs(int threads, F call) {
  std::atomic<int> ready{0};
  std::vector<double> ns(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      pinThread(0, i);
      call(1);
      ++ready;
      while (ready.load() != threads) {
      }
      ns[static_cast<std::size_t>(i)] = call(0);
    });
  }
  for (std::thread& thread : running) thread.join();
  double slowest = 0;
  for (const double each : ns) slowest = each > slowest ? each : slowest;
  return slowest;
}

void measureThreads(Run& run, VirtualCall& floor, Subject& subject) {
  const int batches = run.batches(500);
  const auto floorCall = [&](int warm) { return virtualNs(floor.adder(), warm != 0 ? 10 : batches); };
  const auto call = [&](int warm) { return callNs(subject.bench(), warm != 0 ? 10 : batches); };
  Samples ratios;
  for (int round = 0; round < run.rounds(); ++round) {
    const double floorRatio = slowestNs(2, floorCall) / slowestNs(1, floorCall);
    ratios.add(slowestNs(2, call) / slowestNs(1, call) / floorRatio);
  }
  if (cpuCount() < 2) return run.report.lineUnjudged("inprocess_2threads_over_1", ratios.median(), "one CPU");
  run.report.line("inprocess_2threads_over_1", ratios.median());
}

// A pair of malloc and free in a module whose ledger is kept.
void measureHeap(Run& run, VirtualCall& floor, Subject& subject) {
  constexpr std::uint32_t kPairs = 10'000;
  const Pinned pinned(0);
  Samples floors, pairs;
  for (int round = 0; round < run.rounds(); ++round) {
    floors.add(nsPerCall(run.batches(50), 1, [&] { floor.adder().allocate(kPairs); }) / kPairs);
    pairs.add(nsPerCall(run.batches(50), 1,
                        [&] {
                          if (!subject.bench().allocate(kPairs)) throw std::logic_error("no pairs");
                        }) /
              kPairs);
  }
  run.report.note("malloc and free", floors.median(), "ns");
  run.report.note("the same in a module", pairs.median(), "ns");
  const double ratio = pairs.median() / floors.median();
  if (!subject.module().ledger().isKept) return run.report.lineUnjudged("tracker_over_malloc", ratio, "no ledger");
  run.report.line("tracker_over_malloc", ratio);
}

void measureLoad(Run& run) {
  const Pinned pinned(0);
  Samples floors, loads;
  ImportedAdder imported;
  bulkhead::Host host(quiet());
  for (int i = 0; i < (run.quick ? 3 : 41); ++i) {
    auto start = Clock::now();
    {
      const PlainLoad plain(kLargeModule);
      floors.add(nsSince(start));
    }
    start = Clock::now();
    const auto module = host.load(kLargeModule, bulkhead::Placement::inProcess(), imported).value();
    loads.add(nsSince(start));
  }
  run.report.note("dlopen", floors.median() / 1e3, "us");
  run.report.note("in-process load", loads.median() / 1e3, "us");
  run.report.line("load_inprocess_over_dlopen", loads.median() / floors.median());
}

}  // namespace

void measureInProcess(Run& run) {
  VirtualCall floor;
  Subject subject(bulkhead::Placement::inProcess());
  measureCall(run, floor, subject);
  measureThreads(run, floor, subject);
  measureHeap(run, floor, subject);
  measureLoad(run);
}

}  // namespace bench
