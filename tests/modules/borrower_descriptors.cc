// Every function that makes or ends a descriptor.
#include "tests/modules/borrower.h"

#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

// What a fortified build calls; and what <sys/pidfd.h> declares as if it were C++.
extern "C" {
int pidfd_open(pid_t process, unsigned flags) noexcept;
int pidfd_getfd(int process, int descriptor, unsigned flags) noexcept;
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __openat_2(int folder, const char* path, int flags);
int __openat64_2(int folder, const char* path, int flags);
mqd_t __mq_open_2(const char* name, int flags);
}

namespace borrower_module {
namespace {

bool one(int descriptor, Keys& keys) {
  keys = {static_cast<std::uint64_t>(descriptor), 0};
  return descriptor >= 0;
}

bool pair(int result, const int* both, Keys& keys) {
  if (result == 0) keys = {static_cast<std::uint64_t>(both[0]), static_cast<std::uint64_t>(both[1])};
  return result == 0;
}

int first(const Keys& keys) { return static_cast<int>(keys.key); }

void closeAll(const Keys& keys) {
  ::close(first(keys));
  if (keys.more != 0) ::close(static_cast<int>(keys.more));
}

// mkstemp and its like: `open` gets a pattern of a file that is then removed.
template <class Open>
bool temporary(const char* end, Keys& keys, Open open) {
  std::string pattern = std::string(freshPath()) + ".XXXXXX" + end;
  const bool done = one(open(pattern.data()), keys);
  if (done) ::unlink(pattern.c_str());
  return done;
}

std::string name(const char* what) { return std::string("/bulkhead-") + what + "-" + std::to_string(::getpid()); }

bool queue(Keys& keys, bool fortified) {
  const std::string path = name("queue");
  const mqd_t made = ::mq_open(path.c_str(), O_CREAT | O_RDWR, 0600, nullptr);
  if (made < 0 || !fortified) {
    ::mq_unlink(path.c_str());
    return one(made, keys);
  }
  const bool done = one(::__mq_open_2(path.c_str(), O_RDONLY), keys);
  ::mq_unlink(path.c_str());
  ::mq_close(made);
  return done;
}

// A connection to a socket of no name in the file system, accepted by `take`.
template <class Take>
bool connection(Keys& keys, Take take) {
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(sa_family_t);  // the kernel chooses a name
  ::bind(server, reinterpret_cast<sockaddr*>(&address), size);
  size = sizeof address;
  ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  ::listen(server, 1);
  ::connect(client, reinterpret_cast<sockaddr*>(&address), size);
  const bool done = one(take(server), keys);
  ::close(client);
  ::close(server);
  return done;
}

// A descriptor sent over a socket to ourselves and received by `take`.
template <class Take>
bool message(Keys& keys, Take take) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) return false;
  char byte = 0;
  iovec part = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &ends[0], sizeof(int));
  bool done = ::sendmsg(ends[0], &header, 0) == 1;
  done = done && take(ends[1], header);
  int descriptor = -1;
  if (done) std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
  ::close(ends[0]);
  ::close(ends[1]);
  return done && one(descriptor, keys);
}

bool receiveOne(int socket, msghdr& header) { return ::recvmsg(socket, &header, 0) == 1; }
bool receiveMany(int socket, msghdr& header) {
  mmsghdr messages[1] = {{header, 0}};
  return ::recvmmsg(socket, messages, 1, 0, nullptr) == 1;
}

bool openNull(Keys& keys) { return one(::open("/dev/null", O_RDONLY | O_CLOEXEC), keys); }

template <class Duplicate>
bool duplicate(Keys& keys, Duplicate function) {
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const bool done = one(function(descriptor), keys);
  ::close(descriptor);
  return done;
}

sigset_t noSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  return set;
}

constexpr int kFree = 500;  // nobody has so many descriptors

constexpr Function kFunctions[] = {
#define BORROW(name, ...)                                                           \
  {                                                                                 \
#name, #name, "descriptor", [](Keys & keys) -> bool { __VA_ARGS__; }, &closeAll \
  }
    BORROW(open, return one(::open(existingPath(), O_RDONLY), keys)),
    BORROW(open64, return one(::open64(existingPath(), O_RDONLY), keys)),
    BORROW(openat, return one(::openat(AT_FDCWD, existingPath(), O_RDONLY), keys)),
    BORROW(openat64, return one(::openat64(AT_FDCWD, existingPath(), O_RDONLY), keys)),
    BORROW(creat, return one(::creat(freshPath(), 0600), keys)),
    BORROW(creat64, return one(::creat64(freshPath(), 0600), keys)),
    BORROW(__open_2, return one(::__open_2(existingPath(), O_RDONLY), keys)),
    BORROW(__open64_2, return one(::__open64_2(existingPath(), O_RDONLY), keys)),
    BORROW(__openat_2, return one(::__openat_2(AT_FDCWD, existingPath(), O_RDONLY), keys)),
    BORROW(__openat64_2, return one(::__openat64_2(AT_FDCWD, existingPath(), O_RDONLY), keys)),
    BORROW(mkstemp, return temporary("", keys, [](char* path) { return ::mkstemp(path); })),
    BORROW(mkstemp64, return temporary("", keys, [](char* path) { return ::mkstemp64(path); })),
    BORROW(mkostemp, return temporary("", keys, [](char* path) { return ::mkostemp(path, O_CLOEXEC); })),
    BORROW(mkostemp64, return temporary("", keys, [](char* path) { return ::mkostemp64(path, O_CLOEXEC); })),
    BORROW(mkstemps, return temporary(".t", keys, [](char* path) { return ::mkstemps(path, 2); })),
    BORROW(mkstemps64, return temporary(".t", keys, [](char* path) { return ::mkstemps64(path, 2); })),
    BORROW(mkostemps, return temporary(".t", keys, [](char* path) { return ::mkostemps(path, 2, O_CLOEXEC); })),
    BORROW(mkostemps64, return temporary(".t", keys, [](char* path) { return ::mkostemps64(path, 2, O_CLOEXEC); })),
    BORROW(shm_open, const std::string path = name("memory");
           const bool done = one(::shm_open(path.c_str(), O_CREAT | O_RDWR, 0600), keys); ::shm_unlink(path.c_str());
           return done),
    BORROW(memfd_create, return one(::memfd_create("borrowed", MFD_CLOEXEC), keys)),
    BORROW(posix_openpt, return one(::posix_openpt(O_RDWR | O_NOCTTY), keys)),
    BORROW(getpt, return one(::getpt(), keys)),
    BORROW(openpty, int ends[2]; return pair(::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), ends, keys)),
    BORROW(mq_open, return queue(keys, false)),
    BORROW(__mq_open_2, return queue(keys, true)),
    BORROW(socket, return one(::socket(AF_UNIX, SOCK_STREAM, 0), keys)),
    BORROW(accept, return connection(keys, [](int server) { return ::accept(server, nullptr, nullptr); })),
    BORROW(accept4, return connection(keys, [](int server) { return ::accept4(server, nullptr, nullptr, 0); })),
    BORROW(socketpair, int ends[2]; return pair(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ends, keys)),
    BORROW(pipe, int ends[2]; return pair(::pipe(ends), ends, keys)),
    BORROW(pipe2, int ends[2]; return pair(::pipe2(ends, O_CLOEXEC), ends, keys)),
    BORROW(eventfd, return one(::eventfd(0, EFD_CLOEXEC), keys)),
    BORROW(epoll_create, return one(::epoll_create(1), keys)),
    BORROW(epoll_create1, return one(::epoll_create1(EPOLL_CLOEXEC), keys)),
    BORROW(timerfd_create, return one(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), keys)),
    BORROW(inotify_init, return one(::inotify_init(), keys)),
    BORROW(inotify_init1, return one(::inotify_init1(IN_CLOEXEC), keys)),
    BORROW(fanotify_init, return one(::fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY), keys)),
    BORROW(pidfd_open, return one(::pidfd_open(::getpid(), 0), keys)),
    BORROW(pidfd_getfd, const int self = ::pidfd_open(::getpid(), 0);
           const bool done = one(::pidfd_getfd(self, self, 0), keys); const int number = errno; ::close(self);
           errno = number; return done),
    BORROW(signalfd, const sigset_t none = noSignals(); if (!one(::signalfd(-1, &none, 0), keys)) return false;
           return ::signalfd(first(keys), &none, 0) == first(keys)),
    BORROW(dup, return duplicate(keys, [](int descriptor) { return ::dup(descriptor); })),
    BORROW(dup2, return duplicate(keys, [](int descriptor) { return ::dup2(descriptor, kFree); })),
    BORROW(dup3, return duplicate(keys, [](int descriptor) { return ::dup3(descriptor, kFree, O_CLOEXEC); })),
    BORROW(fcntl, return duplicate(keys, [](int descriptor) { return ::fcntl(descriptor, F_DUPFD, 10); })),
    BORROW(fcntl64, return duplicate(keys, [](int descriptor) { return ::fcntl64(descriptor, F_DUPFD_CLOEXEC, 10); })),
    BORROW(recvmsg, return message(keys, &receiveOne)),
    BORROW(recvmmsg, return message(keys, &receiveMany)),
#undef BORROW
    {"close", "open", "descriptor", &openNull, [](const Keys& keys) { ::close(first(keys)); }},
    {"mq_close", "mq_open", "descriptor", [](Keys& keys) { return queue(keys, false); },
     [](const Keys& keys) { ::mq_close(first(keys)); }},
    {"close_range", "dup2", "descriptor",
     [](Keys& keys) { return duplicate(keys, [](int descriptor) { return ::dup2(descriptor, kFree); }); },
     [](const Keys& keys) { ::close_range(static_cast<unsigned>(keys.key), static_cast<unsigned>(keys.key), 0); }},
    {"closefrom", "dup2", "descriptor",
     [](Keys& keys) { return duplicate(keys, [](int descriptor) { return ::dup2(descriptor, kFree); }); },
     [](const Keys& keys) { ::closefrom(first(keys)); }},
};

}  // namespace

std::span<const Function> descriptorFunctions() { return kFunctions; }

}  // namespace borrower_module
