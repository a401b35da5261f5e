// What generated stubs (the caller's side: encode, call, decode) and skeletons (the callee's: decode, call, encode)
// share.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace bulkhead::detail {

// One request of a stub: begun, sent, and finished by the destructor on every path. Functions return false after they
// reported an error.
class StubCall {
 public:
  StubCall(void* channel, const BulkheadMethod& method, const BulkheadErrorSink* error) noexcept
      : channel_(static_cast<BulkheadChannel*>(channel)), method_(method), error_(error) {}
  StubCall(const StubCall&) = delete;
  StubCall& operator=(const StubCall&) = delete;
  ~StubCall() {
    if (begun_) channel_->finish(channel_, &request_);
  }

  // Reserves the words of the request message.
  bool begin(std::uint64_t words) noexcept {
    if (words > kMaxMessageWords) [[unlikely]] {
      report(error_, ErrorKind::messageTooLarge, {}, "an argument is too large for any message");
      return false;
    }
    begun_ = channel_->begin(channel_, &method_, words, &request_, error_) == BULKHEAD_OK;
    return begun_;
  }
  std::uint64_t* words() const noexcept { return request_.words; }
  // Sends it; afterwards reply() views the answer until this object goes.
  bool send() noexcept { return channel_->call(channel_, &method_, &request_, &reply_, error_) == BULKHEAD_OK; }
  BulkheadBytes reply() const noexcept { return reply_; }

 private:
  BulkheadChannel* channel_;
  const BulkheadMethod& method_;
  const BulkheadErrorSink* error_;
  BulkheadRequest request_{};
  BulkheadBytes reply_{};
  bool begun_ = false;
};

[[gnu::cold]] inline std::int32_t reportMalformed(const BulkheadErrorSink* error, const char* fault) {
  return report(error, ErrorKind::protocolViolation, {}, std::string("malformed message: ") + fault);
}
[[gnu::cold]] inline std::int32_t reportUnimplemented(const BulkheadErrorSink* error, const char* method) {
  return report(error, ErrorKind::unimplemented, {},
                std::string("the other side does not have ") + method + "; rebuild it with the newer contract");
}
[[gnu::cold]] inline std::int32_t reportUnknownMethod(const BulkheadErrorSink* error, const char* interfaceName,
                                                      std::uint16_t ordinal) {
  return reportUnimplemented(error, (std::string(interfaceName) + " method @" + std::to_string(ordinal)).c_str());
}

// A C sink that encodes one result of a skeleton behind the root's pointer number `index`. `isKept`: it has a default
// value, so an empty one is written, too.
template <bool (WordWriter::*Write)(std::uint16_t, BulkheadBytes) noexcept>
class ReplySink {
 public:
  ReplySink(WordWriter& writer, std::uint16_t index, bool isKept = false) noexcept
      : writer_(writer), index_(index), isKept_(isKept), sink_{this, &put} {}
  ReplySink(const ReplySink&) = delete;
  ReplySink& operator=(const ReplySink&) = delete;

  const BulkheadSink* sink() const noexcept { return &sink_; }

 private:
  static std::int32_t put(void* context, BulkheadBytes bytes) noexcept {
    const ReplySink& self = *static_cast<const ReplySink*>(context);
    if (self.isKept_) self.writer_.kept();
    return (self.writer_.*Write)(self.index_, bytes) ? BULKHEAD_OK : BULKHEAD_FAILED;
  }
  WordWriter& writer_;
  std::uint16_t index_;
  bool isKept_;
  BulkheadSink sink_;
};
using TextReply = ReplySink<&WordWriter::text>;
using DataReply = ReplySink<&WordWriter::data>;
template <class T>
using ListReply = ReplySink<&WordWriter::list<T>>;
using BoolListReply = ReplySink<&WordWriter::boolList>;
using TextListReply = ReplySink<&WordWriter::textList>;
using DataListReply = ReplySink<&WordWriter::dataList>;

// A C sink that passes a whole result message on, words as they are: the reply of a message method.
class MessageReply {
 public:
  explicit MessageReply(const BulkheadReply* reply) noexcept : sink_{const_cast<BulkheadReply*>(reply), &put} {}
  MessageReply(const MessageReply&) = delete;
  MessageReply& operator=(const MessageReply&) = delete;

  const BulkheadSink* sink() const noexcept { return &sink_; }

 private:
  static std::int32_t put(void* context, BulkheadBytes message) noexcept {
    const auto* reply = static_cast<const BulkheadReply*>(context);
    std::uint64_t* words = reply->extend(reply->context, message.size);
    if (words == nullptr) return BULKHEAD_FAILED;
    std::memcpy(words, message.data, message.size * sizeof(std::uint64_t));
    return BULKHEAD_OK;
  }
  BulkheadSink sink_;
};

// The stub of a message method: the message is there already, and so is a sink for the answer.
inline std::int32_t callWithMessage(void* channel, const BulkheadMethod& method, BulkheadBytes params,
                                    const BulkheadSink* results, const BulkheadErrorSink* error) noexcept {
  StubCall call(channel, method, error);
  if (!call.begin(params.size)) return BULKHEAD_FAILED;
  std::memcpy(call.words(), params.data, params.size * sizeof(std::uint64_t));
  if (!call.send()) return BULKHEAD_FAILED;
  return put(results, call.reply(), error);
}

// A whole table of the newer contract from one that may be shorter or have holes: what `table` lacks comes from
// `unimplemented`, which has every entry.
template <class Table>
Table completeTable(const BulkheadTable* table, const Table& unimplemented) noexcept {
  Table whole = unimplemented;
  const std::uint64_t size = table->size < sizeof(Table) ? table->size : sizeof(Table);
  using Entry = void (*)();
  static_assert(sizeof(Entry) == sizeof(std::uint64_t) && sizeof(Table) % sizeof(Entry) == 0);
  for (std::uint64_t at = sizeof(BulkheadTable); at + sizeof(Entry) <= size; at += sizeof(Entry)) {
    std::uint64_t entry = 0;
    std::memcpy(&entry, reinterpret_cast<const char*>(table) + at, sizeof(entry));
    if (entry != 0) std::memcpy(reinterpret_cast<char*>(&whole) + at, &entry, sizeof(entry));
  }
  return whole;
}

}  // namespace bulkhead::detail
