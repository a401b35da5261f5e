#include "host/core/message_call.h"

#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/slow_call.h>
#include <bulkhead/detail/stub.h>

#include <cstring>

namespace bulkhead::detail {
namespace {

std::int32_t exchange(BulkheadChannel* channel, const BulkheadMethod& method, std::span<const std::uint64_t> params,
                      std::vector<std::uint64_t>& reply, const BulkheadErrorSink* error) noexcept {
  return guarded(error, [&]() -> std::int32_t {
    StubCall call(channel, method, error);
    if (!call.begin(params.size())) return BULKHEAD_FAILED;
    if (!params.empty()) std::memcpy(call.words(), params.data(), params.size_bytes());
    if (!call.send()) return BULKHEAD_FAILED;
    const auto* words = static_cast<const std::uint64_t*>(call.reply().data);
    reply.assign(words, words + call.reply().size);
    return BULKHEAD_OK;
  });
}

}  // namespace

Result<std::vector<std::uint64_t>> callMessage(const InterfaceSlot& slot, const BulkheadMethod& method,
                                               std::span<const std::uint64_t> params) {
  SlowCall slow(slot, method);
  if (auto error = slow.enter()) return *std::move(error);
  ErrorCollector& collector = collectorOf(callThread.counters);
  std::vector<std::uint64_t> reply;
  const std::int32_t status = exchange(slow.binding().messages, method, params, reply, collector.sink());
  if (auto error = slow.leave(status, collector)) return *std::move(error);
  return reply;
}

}  // namespace bulkhead::detail
