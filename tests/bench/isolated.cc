// Small isolated calls: hot (both sides spin, a CPU each) and blocking (both sides on one CPU).
#include "tests/bench/floors.h"
#include "tests/bench/groups.h"
#include "tests/bench/rpc_peer.h"
#include "tests/bench/stats.h"
#include "tests/bench/subject.h"
#include "tests/bench/system.h"

#include <capnp/message.h>

#include <atomic>
#include <string>
#include <thread>

namespace bench {
namespace {

constexpr int kHotCalls = 1'000;
constexpr int kBlockingCalls = 200;
// Less means that both CPUs are threads of one core.
constexpr double kLeastSpinNs = 150;
constexpr double kMostSpread = 0.15;

// How often each is measured, in turns.
template <class F>
double hotNs(const Run& run, F&& f) {
  return nsPerCall(run.batches(60), kHotCalls, f);
}

// Judges against a floor that is a spin between two CPUs.
class SpinJudge {
 public:
  void add(double floorNs) { floors_.add(floorNs); }
  double floorNs() const { return floors_.median(); }
  void line(Run& run, std::string_view name, double value) const {
    if (cpuCount() < 2) return run.report.lineUnjudged(name, value, "one CPU");
    if (floors_.median() < kLeastSpinNs) return run.report.lineUnjudged(name, value, "both CPUs are one core");
    if (floors_.spread() > kMostSpread) return run.report.lineUnjudged(name, value, "the spin floor spreads over 15%");
    run.report.line(name, value);
  }

 private:
  Samples floors_;
};

void measureHot(Run& run) {
  const Pinned pinned(0);
  const int far = cpuCount() > 1 ? 1 : 0;
  if (far == 0) run.quick = true;  // spinning against oneself takes a time slice a turn
  Subject subject(bulkhead::Placement::isolated());
  subject.pinWorker(far);
  SpinJudge judge;
  Samples calls, callbacks, textFloors, texts;
  const std::string text(kTextBytes, 'x');
  char copy[kTextBytes];
  std::int32_t value = 0;
  for (int round = 0; round < run.rounds(); ++round) {
    {
      SharedMemoryPeer peer(SharedMemoryPeer::Waiting::spinning, far);
      hotNs(run, [&] { peer.ping(); });
      judge.add(hotNs(run, [&] { peer.ping(); }));
      textFloors.add(hotNs(run, [&] { peer.text(text.data(), copy); }));
    }
    hotNs(run, [&] { value = must(subject.bench().add(value, 1)); });
    calls.add(hotNs(run, [&] { value = must(subject.bench().add(value, 1)); }));
    callbacks.add(hotNs(run, [&] { value = must(subject.bench().addByHost(value, 1)); }));
    texts.add(hotNs(run, [&] { must(subject.bench().echoText(text)); }));
  }
  run.report.note("spin ping-pong", judge.floorNs(), "ns");
  run.report.note("isolated call, hot", calls.median(), "ns");
  run.report.note("1 KiB text, hot", texts.median(), "ns");
  judge.line(run, "isolated_hot_over_spin", calls.median() / judge.floorNs());
  judge.line(run, "text_1k_over_floor", texts.median() / textFloors.median());
  judge.line(run, "callback_over_call", callbacks.median() / calls.median());
}

void measureStructs(Run& run) {
  const Pinned pinned(0);
  const int far = cpuCount() > 1 ? 1 : 0;
  bulkhead::Host host(quiet());
  const auto module = host.load(kStructsModule, bulkhead::Placement::isolated()).value();
  const auto structs = module.get<structs::host::Structs>().value();
  capnp::MallocMessageBuilder message;
  auto samples = message.initRoot<structs::Series>().initSamples(16);
  for (unsigned i = 0; i < samples.size(); ++i) {
    samples[i].setAt(i);
    samples[i].setValue(0.5 * i);
  }
  const auto series = message.getRoot<structs::Series>().asReader();
  const auto call = [&] {
    const auto summary = structs.summarise(series);
    if (!summary || (*summary)->getCount() != 16) throw std::logic_error("the module counts wrongly");
  };
  call();
  pinProcess(module.workerPid().value(), far);
  SpinJudge judge;
  Samples calls;
  for (int round = 0; round < run.rounds(); ++round) {
    {
      SharedMemoryPeer peer(SharedMemoryPeer::Waiting::spinning, far);
      hotNs(run, [&] { peer.ping(); });
      judge.add(hotNs(run, [&] { peer.ping(); }));
    }
    hotNs(run, call);
    calls.add(hotNs(run, call));
  }
  run.report.note("16 structs in, one out, hot", calls.median(), "ns");
  judge.line(run, "struct_over_spin", calls.median() / judge.floorNs());
}

void measureSameCpu(Run& run) {
  const Pinned pinned(0);
  Subject subject(bulkhead::Placement::isolated());
  subject.pinWorker(0);
  SharedMemoryPeer peer(SharedMemoryPeer::Waiting::sleeping, 0);
  RpcPeer rpc(0);
  Samples floors, rpcs, calls;
  std::int32_t value = 0;
  const int batches = run.batches(60);
  for (int round = 0; round < run.rounds(); ++round) {
    floors.add(nsPerCall(batches, kBlockingCalls, [&] { peer.ping(); }));
    calls.add(nsPerCall(batches, kBlockingCalls, [&] { value = must(subject.bench().add(value, 1)); }));
    rpcs.add(nsPerCall(batches, kBlockingCalls, [&] { value = rpc.add(value, 1); }));
  }
  run.report.note("futex ping-pong on one CPU", floors.median(), "ns");
  run.report.note("isolated call on one CPU", calls.median(), "ns");
  run.report.note("Cap'n Proto RPC on one CPU", rpcs.median(), "ns");
  run.report.line("isolated_samecpu_over_futex", calls.median() / floors.median());
  run.report.line("samecpu_over_capnp_rpc", calls.median() / rpcs.median());
}

// Calls per second of `threads` callers, each with its worker thread on a CPU of its own.
double callsPerSecond(Subject& subject, int threads, int calls, std::uint64_t rounds) {
  std::atomic<int> ready{0};
  std::atomic<int> done{0};
  Clock::time_point start;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      pinThread(0, i);
      pinThread(must(subject.bench().thread()), i);
      for (int call = 0; call < 20; ++call) must(subject.bench().work(rounds));
      ++ready;
      while (ready.load() != threads + 1) std::this_thread::yield();
      for (int call = 0; call < calls; ++call) must(subject.bench().work(rounds));
      ++done;
    });
  }
  while (ready.load() != threads) std::this_thread::yield();
  start = Clock::now();
  ++ready;
  for (std::thread& thread : running) thread.join();
  return static_cast<double>(threads) * calls / (nsSince(start) * 1e-9);
}

void measureLanes(Run& run) {
  Subject subject(bulkhead::Placement::isolated());
  constexpr std::uint64_t kProbe = 1'000'000;
  const double roundNs = nsPerCall(5, 1, [&] { must(subject.bench().work(kProbe)); }) / kProbe;
  const auto rounds = static_cast<std::uint64_t>(20'000 / roundNs);
  Samples speedups;
  const int calls = run.quick ? 200 : 5'000;
  for (int round = 0; round < run.rounds(); ++round) {
    const double one = callsPerSecond(subject, 1, calls, rounds);
    speedups.add(callsPerSecond(subject, 2, calls, rounds) / one);
  }
  if (cpuCount() < 2) return run.report.lineUnjudged("lanes_2threads_speedup", speedups.median(), "one CPU");
  run.report.line("lanes_2threads_speedup", speedups.median());
}

}  // namespace

void measureIsolated(Run& run) {
  measureHot(run);
  measureStructs(run);
  measureSameCpu(run);
  measureLanes(run);
}

}  // namespace bench
