#include "tests/bench/stats.h"

#include <algorithm>
#include <cmath>

namespace bench {

double Samples::percentile(double fraction) const {
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
  return sorted[rank == 0 ? 0 : rank - 1];
}

double Samples::spread() const {
  const auto [least, most] = std::minmax_element(values_.begin(), values_.end());
  return (*most - *least) / median();
}

}  // namespace bench
