// Needs a library that lies in lib/ beside the module's file.
#include "counter.module.h"

extern "C" const char* fixture_dependency_name();

class Counter final : public counter::module::Counter {
 public:
  bulkhead::Result<std::uint32_t> next() override { return 0u; }
  bulkhead::Result<std::uint32_t> ofObject() override { return 0u; }
  bulkhead::Result<std::uint32_t> ofThread() override { return 0u; }
  bulkhead::Result<std::string> version() override { return std::string(fixture_dependency_name()); }
  bulkhead::Result<std::uint64_t> checksum(std::span<const std::byte>) override { return std::uint64_t{0}; }
};

BULKHEAD_MODULE(Counter)
