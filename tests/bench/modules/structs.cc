// What the benchmarks call with struct types.
#include "structs.module.h"

class Structs final : public structs::module::Structs {
 public:
  bulkhead::Result<void> summarise(structs::Series::Reader series, structs::Summary::Builder summary) override {
    double sum = 0;
    std::uint64_t last = 0;
    for (const structs::Sample::Reader sample : series.getSamples()) {
      sum += sample.getValue();
      last = sample.getAt();
    }
    summary.setCount(series.getSamples().size());
    summary.setSum(sum);
    summary.setLast(last);
    return {};
  }
};

BULKHEAD_MODULE(Structs)
