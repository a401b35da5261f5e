// An interface of this process by messages: for methods whose C signature differs between the two sides, and for calls
// that know no C signature.
#pragma once

#include <bulkhead/abi.h>

#include <cstdint>

namespace bulkhead::in_process {

// The caller's end of `skeleton`, which decodes a message and calls `table` with `self`. Stub tables and forward tables
// take forward() as their `self`. Immutable, so any thread may call through it; `table`, `self` and `skeleton` must
// outlive it. A call runs on the calling thread and copies its message in and its reply out.
class MessageEntry {
 public:
  MessageEntry(const BulkheadTable* table, void* self, BulkheadSkeleton skeleton) noexcept;
  MessageEntry(const MessageEntry&) = delete;
  MessageEntry& operator=(const MessageEntry&) = delete;

  BulkheadForward* forward() noexcept { return &forward_; }
  BulkheadChannel* channel() noexcept { return &forward_.channel; }

 private:
  static std::int32_t begin(BulkheadChannel* channel, const BulkheadMethod* method, std::uint64_t words,
                            BulkheadRequest* request, const BulkheadErrorSink* error) noexcept;
  static std::int32_t call(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                           BulkheadBytes* reply, const BulkheadErrorSink* error) noexcept;
  static void finish(BulkheadChannel* channel, BulkheadRequest* request) noexcept;

  BulkheadForward forward_;  // first: what the functions of its channel get is a pointer to it
  BulkheadSkeleton skeleton_;
};

}  // namespace bulkhead::in_process
