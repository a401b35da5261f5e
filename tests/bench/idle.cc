// What workers cost that do nothing.
#include "tests/bench/groups.h"
#include "tests/bench/stats.h"
#include "tests/bench/subject.h"
#include "tests/bench/system.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace bench {
namespace {

using namespace std::chrono_literals;

class Fleet {
 public:
  Fleet() : host_(quiet()) {}

  void grow(std::size_t count) {
    while (modules_.size() < count) {
      modules_.push_back(host_.load(kModule, bulkhead::Placement::isolated(), imported_).value());
      handles_.push_back(modules_.back().get<host::Bench>().value());
      must(handles_.back().add(1, 2));
    }
  }
  void heat() const {
    for (const host::Bench& bench : handles_) {
      for (int call = 0; call < 200; ++call) must(bench.add(call, 1));
    }
  }
  double cpuSecondsOfAll() const {
    double sum = cpuSeconds(::getpid());
    for (const bulkhead::Module& module : modules_) sum += cpuSeconds(module.workerPid().value());
    return sum;
  }
  int workerPid() const { return modules_.front().workerPid().value(); }

 private:
  ImportedAdder imported_;
  bulkhead::Host host_;
  std::vector<bulkhead::Module> modules_;
  std::vector<host::Bench> handles_;
};

void measureFootprint(Run& run, Fleet& fleet) {
  fleet.grow(2);
  const int threads = entries("/proc/self/task");
  const int descriptors = entries("/proc/self/fd");
  constexpr int kMore = 8;
  fleet.grow(2 + kMore);
  std::this_thread::sleep_for(run.quick ? 50ms : 500ms);
  run.report.line("idle_worker_pss_kib", pssKib(fleet.workerPid()));
  run.report.line("host_threads_per_worker", (entries("/proc/self/task") - threads) / double{kMore});
  run.report.line("host_fds_per_worker", (entries("/proc/self/fd") - descriptors) / double{kMore});
}

void measureCpu(Run& run, Fleet& fleet) {
  fleet.grow(run.quick ? 10 : 50);
  fleet.heat();
  std::this_thread::sleep_for(run.quick ? 100ms : 1000ms);
  const double before = fleet.cpuSecondsOfAll();
  const auto start = Clock::now();
  std::this_thread::sleep_for(run.quick ? 300ms : 5000ms);
  const double used = fleet.cpuSecondsOfAll() - before;
  run.report.line("idle_cpu_percent", 100 * used / (nsSince(start) * 1e-9));
}

}  // namespace

void measureIdle(Run& run) {
  Fleet fleet;
  measureFootprint(run, fleet);
  measureCpu(run, fleet);
}

}  // namespace bench
