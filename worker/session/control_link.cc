#include "worker/session/control_link.h"

#include "worker/session/exit_status.h"

#include <poll.h>
#include <unistd.h>

#include <string>

namespace bulkhead::worker {

control::SendStatus ControlLink::trySend(const control::ToHost& message) {
  const auto words = control::encode(message);
  if (!words) ::_exit(kProtocolError);
  const auto status = socket_.send(*words);
  if (!status) return control::SendStatus::wouldBlock;  // no memory in the kernel: later, perhaps
  if (*status == control::SendStatus::closed) ::_exit(kHostGone);
  return *status;
}

void ControlLink::send(const control::ToHost& message) {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (trySend(message) == control::SendStatus::sent) return;
    }
    pollfd writable{socket_.native(), POLLOUT, 0};
    ::poll(&writable, 1, -1);
  }
}

void ControlLink::log(std::uint32_t level, std::string_view line) {
  const std::lock_guard lock(mutex_);
  control::Log message;
  message.level = static_cast<LogLevel>(level);
  message.line = std::string(line.substr(0, control::kMaxLogLineBytes));
  message.lost = lost_;
  lost_ = trySend(message) == control::SendStatus::sent ? 0 : lost_ + 1;
}

}  // namespace bulkhead::worker
