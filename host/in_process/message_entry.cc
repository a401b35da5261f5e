#include "host/in_process/message_entry.h"

#include <bulkhead/detail/sinks.h>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace bulkhead::in_process {
namespace {

// One call: its message and its answer.
struct Exchange {
  explicit Exchange(std::uint64_t words) : request(words) {}
  std::vector<std::uint64_t> request;
  std::vector<std::uint64_t> reply;
};

std::uint64_t* extend(void* context, std::uint64_t words) noexcept {
  auto& reply = static_cast<Exchange*>(context)->reply;
  try {
    reply.resize(words);
    return reply.data();
  } catch (...) {  // the skeleton reports the lack of room
    return nullptr;
  }
}

Exchange* exchangeOf(const BulkheadRequest& request) noexcept { return static_cast<Exchange*>(request.lane); }

}  // namespace

MessageEntry::MessageEntry(const BulkheadTable* table, void* self, BulkheadSkeleton skeleton) noexcept
    : forward_{{sizeof(BulkheadChannel), &begin, &call, &finish}, table, self}, skeleton_(skeleton) {
  static_assert(std::is_standard_layout_v<MessageEntry>);
}

std::int32_t MessageEntry::begin(BulkheadChannel*, const BulkheadMethod*, std::uint64_t words, BulkheadRequest* request,
                                 const BulkheadErrorSink* error) noexcept {
  return detail::guarded(error, [&]() -> std::int32_t {
    auto exchange = std::make_unique<Exchange>(words);
    request->words = exchange->request.data();
    request->lane = exchange.release();
    return BULKHEAD_OK;
  });
}

std::int32_t MessageEntry::call(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                                BulkheadBytes* reply, const BulkheadErrorSink* error) noexcept {
  const auto& self = *reinterpret_cast<const MessageEntry*>(channel);
  Exchange* const exchange = exchangeOf(*request);
  const BulkheadReply place{exchange, &extend};
  const std::int32_t status = self.skeleton_(self.forward_.table, self.forward_.self, method->ordinal,
                                             {exchange->request.data(), exchange->request.size()}, &place, error);
  *reply = {exchange->reply.data(), exchange->reply.size()};
  return status;
}

void MessageEntry::finish(BulkheadChannel*, BulkheadRequest* request) noexcept { delete exchangeOf(*request); }

}  // namespace bulkhead::in_process
