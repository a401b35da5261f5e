// What the benchmarks call. The work is as small as it can be: measured is the way there and back.
#include "bench.module.h"
#include "pairs.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using bulkhead::Result;

#ifdef BENCH_PADDING_BYTES
// Makes this a file of a given size.
extern const unsigned char benchPadding[BENCH_PADDING_BYTES];
[[gnu::used]] const unsigned char benchPadding[BENCH_PADDING_BYTES] = {1};
#endif

class Bench final : public bench::module::Bench {
 public:
  explicit Bench(bench::module::BenchHost& host) : host_(host) {}

  Result<std::int32_t> add(std::int32_t a, std::int32_t b) override { return a + b; }
  Result<std::string> echoText(std::string_view text) override { return std::string(text); }
  Result<std::vector<std::byte>> echoData(std::span<const std::byte> data) override {
    std::vector<std::byte> copy(data.begin(), data.end());
    if (!copy.empty()) {
      copy.front() = static_cast<std::byte>(static_cast<unsigned>(copy.front()) + 1);
      copy.back() = static_cast<std::byte>(static_cast<unsigned>(copy.back()) + 1);
    }
    return copy;
  }
  Result<std::int32_t> addByHost(std::int32_t a, std::int32_t b) override { return host_.add(a, b); }
  Result<std::uint64_t> work(std::uint64_t rounds) override {
    std::uint64_t value = rounds | 1;
    for (std::uint64_t i = 0; i < rounds; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
    return value;
  }
  Result<std::int32_t> thread() override { return static_cast<std::int32_t>(::syscall(SYS_gettid)); }
  Result<void> hang() override {
    for (volatile bool for_ever = true; for_ever;) ::pause();
    return {};
  }
  Result<void> allocate(std::uint32_t pairs) override {
    bench::allocatePairs(pairs);
    return {};
  }

 private:
  bench::module::BenchHost& host_;
};

BULKHEAD_MODULE(Bench)
