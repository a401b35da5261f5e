#include "tests/bench/subject.h"

#include "tests/bench/system.h"

namespace bench {

bulkhead::HostOptions quiet() {
  bulkhead::HostOptions options;
  options.onLog = [](const bulkhead::LogLine&) {};
  return options;
}

Subject::Subject(const bulkhead::Placement& placement, const std::string& file)
    : host_(quiet()),
      module_(host_.load(file, placement, imported_).value()),
      bench_(module_.get<host::Bench>().value()) {
  must(bench_.add(1, 2));  // the thread's lane exists from now on
}

void Subject::pinWorker(int cpu) {
  if (const auto process = module_.workerPid()) pinProcess(*process, cpu);
}

}  // namespace bench
