// A module that cannot be loaded. Compiled several times, each with one reason (BROKEN_...).
#include "counter.module.h"

#include <stdexcept>

#if defined(BROKEN_SYMBOL)
extern "C" std::uint32_t symbolOfNobody();
#endif

namespace {

using bulkhead::Error;
using bulkhead::Result;

#if defined(BROKEN_STATIC)
struct Licence {
  Licence() { throw std::runtime_error("no licence"); }
} licence;
#endif

class Counter final : public counter::module::Counter {
 public:
#if defined(BROKEN_REFUSES)
  Counter() { throw Error("no licence server"); }
#endif
#if defined(BROKEN_SYMBOL)
  Result<std::uint32_t> next() override { return symbolOfNobody(); }
#else
  Result<std::uint32_t> next() override { return 0u; }
#endif
  Result<std::uint32_t> ofObject() override { return 0u; }
  Result<std::uint32_t> ofThread() override { return 0u; }
  Result<std::string> version() override { return std::string(); }
  Result<std::uint64_t> checksum(std::span<const std::byte>) override { return std::uint64_t{0}; }
};

// What BULKHEAD_MODULE makes, and what is wrong with it.
[[maybe_unused]] const BulkheadModule* entry() {
  static BulkheadModule module = *bulkhead::detail::moduleOf<Counter>();
#if defined(BROKEN_CREATE)
  module.create = [](const BulkheadCreateArguments*, void**, const BulkheadErrorSink*) noexcept -> std::int32_t {
    return BULKHEAD_FAILED;
  };
#elif defined(BROKEN_ABI)
  module.abi_version = BULKHEAD_ABI_VERSION + 1;
#elif defined(BROKEN_TABLE)
  module.export_count = 1u << 30;
#endif
  return &module;
}

}  // namespace

BULKHEAD_DETAIL_BUILD_NOTE

#if !defined(BROKEN_NO_ENTRY)
extern "C" __attribute__((visibility("default"))) const BulkheadModule* bulkhead_module_entry();
extern "C" __attribute__((visibility("default"))) const BulkheadModule* bulkhead_module_entry() { return entry(); }
#endif
