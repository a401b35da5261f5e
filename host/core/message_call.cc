#include "host/core/message_call.h"

#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/retry.h>
#include <bulkhead/detail/slow_call.h>
#include <bulkhead/detail/stub.h>

#include <cstring>
#include <optional>

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

std::optional<Error> attempt(const InterfaceSlot& slot, const BulkheadMethod& method,
                             std::span<const std::uint64_t> params, std::vector<std::uint64_t>& reply, bool& called) {
  SlowCall slow(slot, method);
  if (auto error = slow.enter()) return error;
  called = true;
  ErrorCollector& collector = collectorOf(callThread.marks);
  return slow.leave(exchange(slow.binding().messages, method, params, reply, collector.sink()), collector);
}

}  // namespace

Result<std::vector<std::uint64_t>> callMessage(const InterfaceSlot& slot, const BulkheadMethod& method,
                                               std::span<const std::uint64_t> params) {
  std::vector<std::uint64_t> reply;
  bool called = false;
  auto error = attempt(slot, method, params, reply, called);
  if (!error) return reply;
  if (!called || (method.flags & BULKHEAD_METHOD_IDEMPOTENT) == 0) return *std::move(error);
  const Retry retry(*std::move(error));
  if (!retry.isAllowed()) return retry.first();
  called = false;
  error = attempt(slot, method, params, reply, called);
  if (!error) return reply;
  return called ? retry.failedAgain(*error) : retry.notMade(*error);
}

}  // namespace bulkhead::detail
