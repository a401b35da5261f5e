// What of a module is shared by its calls, and what is fresh after a load. Needs nothing of the host.
#include "counter.module.h"

#include <atomic>
#include <numeric>

#ifndef COUNTER_VERSION
#define COUNTER_VERSION "1"
#endif

namespace {

using bulkhead::Result;

std::atomic<std::uint32_t> ofModule{0};
thread_local std::uint32_t ofThisThread = 0;

class Counter final : public counter::module::Counter {
 public:
  Result<std::uint32_t> next() override { return ++ofModule; }
  Result<std::uint32_t> ofObject() override { return ++ofThisObject_; }
  Result<std::uint32_t> ofThread() override { return ++ofThisThread; }
  Result<std::string> version() override { return COUNTER_VERSION; }
  Result<std::uint64_t> checksum(std::span<const std::byte> data) override {
    return std::accumulate(data.begin(), data.end(), std::uint64_t{0}, [](std::uint64_t sum, std::byte byte) {
      return sum * 31 + static_cast<std::uint64_t>(byte);
    });
  }

 private:
  std::atomic<std::uint32_t> ofThisObject_{0};
};

}  // namespace

BULKHEAD_MODULE(Counter)
