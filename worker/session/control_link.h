// The worker's end of the control socket, as far as it speaks.
#pragma once

#include "shared/control/messages.h"
#include "shared/control/socket.h"

#include <bulkhead/abi.h>

#include <cstdint>
#include <mutex>
#include <string_view>

namespace bulkhead::worker {

// Thread-safe sending. When the host is gone the process ends.
class ControlLink {
 public:
  explicit ControlLink(control::Socket socket) : socket_(std::move(socket)) {}

  // Blocks while the host does not read.
  void send(const control::ToHost& message);
  // Never blocks: a line that does not fit is counted, and the count goes with the next one.
  void log(std::uint32_t level, std::string_view line);

  control::Socket& socket() noexcept { return socket_; }

 private:
  control::SendStatus trySend(const control::ToHost& message);

  control::Socket socket_;
  std::mutex mutex_;
  std::uint32_t lost_ = 0;
};

}  // namespace bulkhead::worker
