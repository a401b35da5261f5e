// The control socket: datagrams of one message and its descriptors. The only home of descriptor passing.
//
// Received descriptors are owned from the moment they exist in this process: whatever is wrong with a datagram, none
// stays open. A receiver that expects none gives the kernel no room for any, so they never enter the process at all.
#pragma once

#include "shared/posix/unique_fd.h"

#include <bulkhead/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace bulkhead::control {

inline constexpr std::size_t kMaxDatagramBytes = 64 * 1024;
// No message of the protocol carries more.
inline constexpr std::size_t kMaxDescriptors = 4;

enum class SendStatus {
  sent,
  wouldBlock,  // the peer's queue is full: nothing was sent
  closed,      // the peer is gone
};

enum class ReceiveStatus {
  received,
  wouldBlock,  // nothing there (non-blocking receives only)
  closed,      // the peer is gone, or sent an empty datagram, which no peer does
};

enum class Blocking { no, yes };

// One received datagram. Holds the buffer: make it once, use it for every receive.
class Datagram {
 public:
  Datagram() : buffer_(std::make_unique<Buffer>()) {}

  // The message: 8-byte aligned private memory, valid until the next receive into this object.
  std::span<const std::uint64_t> words() const noexcept { return {buffer_->words, wordCount_}; }
  std::size_t descriptorCount() const noexcept { return descriptors_.size(); }
  // Takes the attached descriptors in the order they were sent; what is not taken is closed by the next receive.
  std::vector<posix::UniqueFd> takeDescriptors() noexcept { return std::exchange(descriptors_, {}); }

 private:
  friend class Socket;
  struct Buffer {
    std::uint64_t words[kMaxDatagramBytes / 8 + 1];  // one more, so that a datagram of the full size is not cut
  };
  std::unique_ptr<Buffer> buffer_;
  std::size_t wordCount_ = 0;
  std::vector<posix::UniqueFd> descriptors_;
};

// One end. Sends and receives may run at the same time from different threads; several sends, or several receives, may
// not.
class Socket {
 public:
  // Both ends of a new connection, close-on-exec. Fails with resourceExhausted.
  static Result<std::pair<Socket, Socket>> pair();
  explicit Socket(posix::UniqueFd fd) noexcept : fd_(std::move(fd)) {}

  // Sends one message and copies of `descriptors`, which stay the caller's. Never blocks, never raises SIGPIPE. Fails
  // with messageTooLarge for an empty message, one over kMaxDatagramBytes or with over kMaxDescriptors descriptors;
  // with resourceExhausted when the kernel has no memory for it.
  Result<SendStatus> send(std::span<const std::uint64_t> words, std::span<const int> descriptors = {});

  // Receives one message with at most `maxDescriptors` descriptors (each close-on-exec). Fails with protocolViolation
  // when the datagram was longer, no whole number of words, or had more descriptors; then all of it is dropped. Fails
  // with resourceExhausted when this process has no room for its descriptors (they are lost then).
  Result<ReceiveStatus> receive(Datagram& datagram, std::size_t maxDescriptors, Blocking blocking);

  // For polling; -1 once moved from.
  int native() const noexcept { return fd_.get(); }
  posix::UniqueFd release() noexcept { return std::move(fd_); }

 private:
  posix::UniqueFd fd_;
};

}  // namespace bulkhead::control
