// Start, hang, recovery.
#include "tests/bench/floors.h"
#include "tests/bench/groups.h"
#include "tests/bench/stats.h"
#include "tests/bench/subject.h"
#include "tests/bench/system.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace bench {
namespace {

using namespace std::chrono_literals;

double bareStartNs() {
  const auto start = Clock::now();
  BareWorker worker;
  worker.add(1, 2);
  return nsSince(start);
}

void measureStart(Run& run, Samples& floors) {
  ImportedAdder imported;
  bulkhead::Host host(quiet());
  Samples starts;
  for (int i = 0; i < (run.quick ? 5 : 101); ++i) {
    floors.add(bareStartNs());
    const auto start = Clock::now();
    const auto module = host.load(kModule, bulkhead::Placement::isolated(), imported).value();
    must(module.get<host::Bench>().value().add(1, 2));
    starts.add(nsSince(start));
  }
  run.report.note("vfork and exec of a bare program", floors.median() / 1e3, "us");
  run.report.note("isolated load to first answer", starts.median() / 1e3, "us");
  run.report.line("start_over_vfork", starts.median() / floors.median());
}

// A module that hangs, killed at its deadline, and its successor's first answer.
void measureHang(Run& run, const Samples& floors) {
  constexpr auto kDeadline = 5ms;
  Subject subject(bulkhead::Placement::isolated());
  Samples lateness, recoveries;
  for (int i = 0; i < (run.quick ? 10 : 300); ++i) {
    const auto start = Clock::now();
    const auto hung = subject.bench().within(kDeadline).hang();
    const auto told = Clock::now();
    if (hung || hung.error().kind() != bulkhead::ErrorKind::deadlineExceeded) {
      throw std::logic_error("a call that hangs must end by its deadline");
    }
    must(subject.bench().add(1, 2));
    recoveries.add(nsSince(told));
    lateness.add(std::chrono::duration<double, std::micro>(told - start - kDeadline).count());
  }
  run.report.note("deadline error to next answer", recoveries.median() / 1e3, "us");
  run.report.line("recovery_over_vfork", recoveries.median() / floors.median());
  run.report.line("hang_lateness_us", lateness.percentile(0.99));
}

// The longest that a caller who never stops calling waits across a reload, on a CPU of its own.
void measureReload(Run& run) {
  Subject subject(bulkhead::Placement::inProcess());
  std::atomic<bool> stop{false};
  std::atomic<double> longestNs{0};
  std::thread caller([&] {
    const Pinned pinned(1);
    for (auto before = Clock::now(); !stop.load(std::memory_order_relaxed);) {
      must(subject.bench().add(1, 2));
      const auto now = Clock::now();
      const double ns = std::chrono::duration<double, std::nano>(now - before).count();
      if (ns > longestNs.load(std::memory_order_relaxed)) longestNs.store(ns, std::memory_order_relaxed);
      before = now;
    }
  });
  Samples pauses;
  {
    const Pinned pinned(0);
    for (int i = 0; i < (run.quick ? 5 : 200); ++i) {
      longestNs = 0;
      must(subject.module().reload());
      pauses.add(longestNs / 1e3);
    }
  }
  stop = true;
  caller.join();
  run.report.note("longest wait across a reload, median", pauses.median(), "us");
  run.report.line("reload_pause_us", pauses.percentile(0.99));
}

}  // namespace

void measureLifeCycle(Run& run) {
  Samples floors;
  measureStart(run, floors);
  measureHang(run, floors);
  measureReload(run);
}

}  // namespace bench
