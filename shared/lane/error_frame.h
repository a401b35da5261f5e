// The payload of error frames: a capnp message of
//   struct FrameError { kind @0 :UInt32; type @1 :Text; text @2 :Text; }
// Texts longer than detail::kMaxErrorText are cut by the sender; the reader cuts them again.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/error.h>

#include <cstdint>
#include <string>

namespace bulkhead::lane {

struct FrameError {
  std::uint32_t kind = 0;
  std::string type;
  std::string text;
};

// Words that encodeError will write.
std::uint64_t errorWords(const FrameError& error) noexcept;
void encodeError(const FrameError& error, std::uint64_t* words) noexcept;
// From a private copy of any content; what is malformed reads as an error that says so.
FrameError decodeError(BulkheadBytes words);

FrameError toFrameError(const Error& error);
// From a report at the C ABI.
FrameError toFrameError(const BulkheadErrorView& view);

}  // namespace bulkhead::lane
