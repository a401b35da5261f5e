// A call that the watchdog knows of. Lives on the stack of the calling thread.
#pragma once

#include <cstdint>

namespace bulkhead::detail {

struct WatchedCall {
  std::uint64_t id = 0;  // 0: not watched
  const char* module = nullptr;
  const char* method = nullptr;
  std::uint64_t generation = 0;
  std::int64_t startNs = 0;
  std::int64_t deadlineNs = 0;
  // The watchdog's, under its lock.
  std::int64_t reportAtNs = 0;
  std::uint32_t reports = 0;
  int threadId = 0;
  WatchedCall* next = nullptr;
  WatchedCall* previous = nullptr;
};

}  // namespace bulkhead::detail
