// The module's object cannot be made: it throws, or does not come to an end.
#include "counter.module.h"

#include <chrono>
#include <stdexcept>
#include <thread>

class Counter final : public counter::module::Counter {
 public:
  Counter() {
#ifdef CONSTRUCTOR_HANGS
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
#endif
    throw std::invalid_argument("no licence file");
  }
  bulkhead::Result<std::uint32_t> next() override { return 0u; }
  bulkhead::Result<std::uint32_t> ofObject() override { return 0u; }
  bulkhead::Result<std::uint32_t> ofThread() override { return 0u; }
  bulkhead::Result<std::string> version() override { return std::string(); }
  bulkhead::Result<std::uint64_t> checksum(std::span<const std::byte>) override { return std::uint64_t{0}; }
};

BULKHEAD_MODULE(Counter)
