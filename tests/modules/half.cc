// Names two contracts in its manifest and implements one.
#include "counter.module.h"

namespace {

using bulkhead::Result;

class Half final : public counter::module::Counter {
 public:
  Result<std::uint32_t> next() override { return 1u; }
  Result<std::uint32_t> ofObject() override { return 2u; }
  Result<std::uint32_t> ofThread() override { return 3u; }
  Result<std::string> version() override { return "half"; }
  Result<std::uint64_t> checksum(std::span<const std::byte>) override { return 4u; }
};

}  // namespace

BULKHEAD_MODULE(Half)
