// Where a lane lets a debug option look at the messages of its calls.
#pragma once

#include <bulkhead/abi.h>

#include <cstdint>
#include <optional>
#include <string>

namespace bulkhead::detail {

// Which message of a call: of an export the host writes the request, of an import the reply.
enum class MessageRole : std::uint8_t { exportRequest, exportReply, importRequest, importReply };

class MessageCheck {
 public:
  // What is wrong with a message (size in words; it does not change meanwhile), or nothing. Any thread.
  virtual std::optional<std::string> check(MessageRole role, std::uint64_t interfaceId, std::uint16_t ordinal,
                                           BulkheadBytes message) = 0;

 protected:
  ~MessageCheck() = default;
};

}  // namespace bulkhead::detail
