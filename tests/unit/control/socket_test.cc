#include "shared/control/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <vector>

namespace bulkhead::control {
namespace {

using posix::UniqueFd;

std::ptrdiff_t openDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

std::vector<std::uint64_t> someWords(std::size_t count) {
  std::vector<std::uint64_t> words(count);
  std::iota(words.begin(), words.end(), 1);
  return words;
}

// As a hostile peer would: any bytes, any number of descriptors.
void sendRaw(const Socket& socket, std::size_t bytes, int descriptorCount) {
  std::vector<char> payload(bytes, 'x');
  std::vector<int> descriptors(static_cast<std::size_t>(descriptorCount), STDIN_FILENO);
  std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
  iovec part{payload.data(), payload.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptorCount > 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  }
  ASSERT_EQ(::sendmsg(socket.native(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes));
}

class SocketTest : public ::testing::Test {
 protected:
  SocketTest() : ends_(Socket::pair().value()), near_(ends_.first), far_(ends_.second) {}

  void expectViolation(std::size_t maxDescriptors) {
    const auto received = near_.receive(datagram_, maxDescriptors, Blocking::no);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().kind(), ErrorKind::protocolViolation);
    EXPECT_EQ(datagram_.descriptorCount(), 0U);
    EXPECT_TRUE(datagram_.words().empty());
  }

  std::pair<Socket, Socket> ends_;
  Socket& near_;
  Socket& far_;
  Datagram datagram_;
};

TEST_F(SocketTest, CarriesWordsAndDescriptorsInOrder) {
  const auto words = someWords(100);
  int pipes[2];
  ASSERT_EQ(::pipe2(pipes, O_CLOEXEC), 0);
  const UniqueFd first(pipes[0]);
  const UniqueFd second(pipes[1]);
  const int sent[] = {first.get(), second.get()};
  ASSERT_EQ(far_.send(words, sent).value(), SendStatus::sent);
  ASSERT_EQ(near_.receive(datagram_, 2, Blocking::yes).value(), ReceiveStatus::received);
  EXPECT_TRUE(std::equal(words.begin(), words.end(), datagram_.words().begin(), datagram_.words().end()));
  const auto received = datagram_.takeDescriptors();
  ASSERT_EQ(received.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    struct stat a {};
    struct stat b {};
    ASSERT_EQ(::fstat(received[i].get(), &a), 0);
    ASSERT_EQ(::fstat(sent[i], &b), 0);
    EXPECT_EQ(a.st_ino, b.st_ino);
    EXPECT_NE(::fcntl(received[i].get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(::fcntl(received[0].get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST_F(SocketTest, CarriesTheLargestMessage) {
  const auto words = someWords(kMaxDatagramBytes / 8);
  ASSERT_EQ(far_.send(words).value(), SendStatus::sent);
  ASSERT_EQ(near_.receive(datagram_, 0, Blocking::no).value(), ReceiveStatus::received);
  EXPECT_EQ(datagram_.words().size(), words.size());
}

TEST_F(SocketTest, RefusesToSendWhatCannotBeReceived) {
  const std::vector<int> many(kMaxDescriptors + 1, STDIN_FILENO);
  EXPECT_EQ(far_.send({}).error().kind(), ErrorKind::messageTooLarge);
  EXPECT_EQ(far_.send(someWords(kMaxDatagramBytes / 8 + 1)).error().kind(), ErrorKind::messageTooLarge);
  EXPECT_EQ(far_.send(someWords(1), many).error().kind(), ErrorKind::messageTooLarge);
}

TEST_F(SocketTest, NothingThereIsWouldBlock) {
  EXPECT_EQ(near_.receive(datagram_, 0, Blocking::no).value(), ReceiveStatus::wouldBlock);
}

// Threat 5: a peer that never reads does not block the sender.
TEST_F(SocketTest, Threat05FullQueueIsWouldBlock) {
  const auto words = someWords(1000);
  SendStatus status = SendStatus::sent;
  int sent = 0;
  while ((status = far_.send(words).value()) == SendStatus::sent) ASSERT_LT(++sent, 1'000'000);
  EXPECT_EQ(status, SendStatus::wouldBlock);
  ASSERT_EQ(near_.receive(datagram_, 0, Blocking::no).value(), ReceiveStatus::received);
  EXPECT_EQ(far_.send(words).value(), SendStatus::sent);
}

TEST_F(SocketTest, PeerThatIsGoneIsClosed) {
  ASSERT_EQ(far_.send(someWords(2)).value(), SendStatus::sent);
  { const Socket gone = std::move(far_); }
  ASSERT_EQ(near_.receive(datagram_, 0, Blocking::yes).value(), ReceiveStatus::received);
  EXPECT_EQ(near_.receive(datagram_, 0, Blocking::yes).value(), ReceiveStatus::closed);
  EXPECT_EQ(near_.send(someWords(2)).value(), SendStatus::closed);
}

TEST_F(SocketTest, UntakenDescriptorsAreClosedByTheNextReceive) {
  const int sent[] = {STDIN_FILENO};
  const auto before = openDescriptors();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(far_.send(someWords(1), sent).value(), SendStatus::sent);
    ASSERT_EQ(near_.receive(datagram_, 1, Blocking::no).value(), ReceiveStatus::received);
    EXPECT_EQ(openDescriptors(), before + 1);
  }
}

TEST_F(SocketTest, Threat15UnexpectedDescriptorIsAViolationAndIsNotKept) {
  const auto before = openDescriptors();
  for (const int count : {1, 2, 5, 253}) {
    sendRaw(far_, 8, count);
    expectViolation(0);
    EXPECT_EQ(openDescriptors(), before);
  }
  // The same without its fault passes.
  sendRaw(far_, 8, 0);
  EXPECT_EQ(near_.receive(datagram_, 0, Blocking::no).value(), ReceiveStatus::received);
}

TEST_F(SocketTest, Threat15MoreDescriptorsThanExpectedAreAViolationAndAreNotKept) {
  const auto before = openDescriptors();
  for (const std::size_t expected : {std::size_t{1}, std::size_t{2}, std::size_t{3}, kMaxDescriptors}) {
    for (const int extra : {1, 2, 100}) {
      sendRaw(far_, 8, static_cast<int>(expected) + extra);
      expectViolation(expected);
      EXPECT_EQ(openDescriptors(), before);
    }
  }
}

TEST_F(SocketTest, Threat15FewerDescriptorsThanExpectedAreCounted) {
  sendRaw(far_, 8, 1);
  ASSERT_EQ(near_.receive(datagram_, 3, Blocking::no).value(), ReceiveStatus::received);
  EXPECT_EQ(datagram_.descriptorCount(), 1U);
}

TEST_F(SocketTest, MessagesOutOfShapeAreViolations) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{7}, std::size_t{9}, kMaxDatagramBytes + 1,
                                  kMaxDatagramBytes + 8, kMaxDatagramBytes + 5000}) {
    sendRaw(far_, bytes, 0);
    expectViolation(0);
  }
}

TEST_F(SocketTest, ViolationWithDescriptorsClosesThem) {
  const auto before = openDescriptors();
  sendRaw(far_, 9, 1);
  expectViolation(1);
  EXPECT_EQ(openDescriptors(), before);
}

}  // namespace
}  // namespace bulkhead::control
