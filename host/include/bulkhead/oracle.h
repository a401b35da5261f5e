// What the oracle saw: a debug option by which the host decodes every message that crosses to or from a worker with
// Cap'n Proto's own reader and the contract's schema, beside its own decoding (HostOptions::oracle, or
// BULKHEAD_ORACLE=1 in the environment).
#pragma once

#include <cstdint>

namespace bulkhead {

struct OracleCounts {
  std::uint64_t messages = 0;     // decoded and compared
  std::uint64_t differences = 0;  // of them, found wrong
  std::uint64_t unchecked = 0;    // of a method that no schema at hand describes
};

// Of this process, all hosts together, since it began. Any thread; never blocks.
OracleCounts oracleCounts() noexcept;

}  // namespace bulkhead
