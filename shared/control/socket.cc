#include "shared/control/socket.h"

#include "shared/posix/errno_error.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace bulkhead::control {
namespace {

using posix::errnoError;
using posix::UniqueFd;

// Room for the descriptors of one datagram. The kernel fills what room there is, so a receiver's is cut to measure.
union ControlBuffer {
  char bytes[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  cmsghdr alignment;
};

bool isPeerGone(int number) noexcept { return number == EPIPE || number == ECONNRESET || number == ENOTCONN; }

void attach(msghdr& message, ControlBuffer& control, std::span<const int> descriptors) noexcept {
  if (descriptors.empty()) return;
  std::memset(&control, 0, sizeof control);
  message.msg_control = control.bytes;
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

// Owns whatever arrived; `unexpected` is set for control data that is no descriptor.
std::vector<UniqueFd> adopt(msghdr& message, bool& unexpected) {
  std::vector<UniqueFd> owned;
  owned.reserve(kMaxDescriptors + 1);  // alignment can leave room for one more; no allocation between here and owning
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      unexpected = true;
      continue;
    }
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      owned.emplace_back(fd);
    }
  }
  return owned;
}

Error violation(const char* text) { return Error(ErrorKind::protocolViolation, text); }

}  // namespace

Result<std::pair<Socket, Socket>> Socket::pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
    return errnoError(ErrorKind::resourceExhausted, "cannot make a control socket: socketpair");
  }
  return std::pair<Socket, Socket>(Socket(UniqueFd(fds[0])), Socket(UniqueFd(fds[1])));
}

Result<SendStatus> Socket::send(std::span<const std::uint64_t> words, std::span<const int> descriptors) {
  if (words.empty() || words.size_bytes() > kMaxDatagramBytes || descriptors.size() > kMaxDescriptors) {
    return Error(ErrorKind::messageTooLarge, "a control message of " + std::to_string(words.size_bytes()) +
                                                 " bytes with " + std::to_string(descriptors.size()) +
                                                 " descriptors cannot be sent");
  }
  iovec part{const_cast<std::uint64_t*>(words.data()), words.size_bytes()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control;
  attach(message, control, descriptors);
  while (::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    // ETOOMANYREFS: more descriptors are in flight than the limits allow; that passes as the peer reads.
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS) return SendStatus::wouldBlock;
    if (isPeerGone(errno)) return SendStatus::closed;
    return errnoError(ErrorKind::resourceExhausted, "control socket: sendmsg");
  }
  return SendStatus::sent;
}

Result<ReceiveStatus> Socket::receive(Datagram& datagram, std::size_t maxDescriptors, Blocking blocking) {
  datagram.descriptors_.clear();
  datagram.wordCount_ = 0;
  iovec part{datagram.buffer_->words, sizeof datagram.buffer_->words};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (maxDescriptors > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(std::min(maxDescriptors, kMaxDescriptors) * sizeof(int));
  }
  const int flags = MSG_CMSG_CLOEXEC | (blocking == Blocking::no ? MSG_DONTWAIT : 0);
  ssize_t size = 0;
  while ((size = ::recvmsg(fd_.get(), &message, flags)) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return ReceiveStatus::wouldBlock;
    if (isPeerGone(errno)) return ReceiveStatus::closed;
    return errnoError(ErrorKind::resourceExhausted, "control socket: recvmsg");
  }
  bool unexpected = false;
  std::vector<UniqueFd> descriptors = adopt(message, unexpected);
  if ((message.msg_flags & MSG_CTRUNC) != 0 || unexpected || descriptors.size() > maxDescriptors) {
    return violation("a control message came with descriptors that it may not have");
  }
  const auto bytes = static_cast<std::size_t>(size);
  if (bytes == 0) return ReceiveStatus::closed;
  if ((message.msg_flags & MSG_TRUNC) != 0 || bytes > kMaxDatagramBytes) {
    return violation("a control message is longer than the protocol allows");
  }
  if (bytes % sizeof(std::uint64_t) != 0) return violation("a control message is no whole number of words");
  datagram.wordCount_ = bytes / sizeof(std::uint64_t);
  datagram.descriptors_ = std::move(descriptors);
  return ReceiveStatus::received;
}

}  // namespace bulkhead::control
