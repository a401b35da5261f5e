// The module under measurement, loaded by the public interface.
#pragma once

#include "bench.host.h"
#include "structs.host.h"

#include <bulkhead/host.h>

#include <string>

namespace bench {

inline const std::string kModule = BENCH_MODULES "/bench.so";
inline const std::string kLargeModule = BENCH_MODULES "/bench_large.so";
inline const std::string kStructsModule = BENCH_MODULES "/bench_structs.so";

class ImportedAdder final : public host::BenchHost {
 public:
  bulkhead::Result<std::int32_t> add(std::int32_t a, std::int32_t b) override { return a + b; }
};

// A host with a module of its own. Its output goes nowhere.
class Subject {
 public:
  explicit Subject(const bulkhead::Placement& placement, const std::string& file = kModule);

  bulkhead::Module& module() noexcept { return module_; }
  const host::Bench& bench() const noexcept { return bench_; }
  // All threads that the worker has now, the calling thread's lane among them.
  void pinWorker(int cpu);

 private:
  ImportedAdder imported_;
  bulkhead::Host host_;
  bulkhead::Module module_;
  host::Bench bench_;
};

bulkhead::HostOptions quiet();

// The value, or BadResult's exception: for measured loops.
template <class T>
T must(bulkhead::Result<T> result) {
  if (!result) [[unlikely]]
    throw bulkhead::BadResult(result.error());
  return *std::move(result);
}

}  // namespace bench
