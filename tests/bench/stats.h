// The statistics of a measurement: medians of rounds.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double nsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  bool empty() const noexcept { return values_.empty(); }
  // Of at least one sample. `fraction` is 0.5 for the median.
  double percentile(double fraction) const;
  double median() const { return percentile(0.5); }
  // (largest - smallest) / median.
  double spread() const;

 private:
  std::vector<double> values_;
};

// Nanoseconds of one `f()`: the median over `batches` batches of the mean of `calls` calls, so that the clock costs
// nothing and what else the machine does is left out.
template <class F>
double nsPerCall(int batches, int calls, F&& f) {
  Samples samples;
  for (int batch = 0; batch < batches; ++batch) {
    const auto start = Clock::now();
    for (int call = 0; call < calls; ++call) f();
    samples.add(nsSince(start) / calls);
  }
  return samples.median();
}

}  // namespace bench
