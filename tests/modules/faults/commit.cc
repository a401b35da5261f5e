#include "commit.h"

#include <bulkhead/module.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using faults::Fault;

// What a worker is started with: see proto/control.capnp.
constexpr int kControlSocket = 3;
constexpr int kLifeline = 4;

[[noreturn]] void sleepForEver() {
  bulkhead::log(bulkhead::LogLevel::info, "asleep");  // tests wait for it
  for (;;) ::pause();
}

[[noreturn]] void loopForEver() {
  for (;;) asm volatile("" ::: "memory");
}

void deadlock() {
  static std::mutex first;
  static std::mutex second;
  static std::atomic<int> holding{0};
  const auto takeBoth = [](std::mutex& mine, std::mutex& other) {
    const std::lock_guard hold(mine);
    for (++holding; holding < 2;) std::this_thread::yield();
    const std::lock_guard never(other);
  };
  std::thread opponent(takeBoth, std::ref(second), std::ref(first));
  takeBoth(first, second);
  opponent.join();
}

[[gnu::noinline]] void writeTo(char* where) {
  volatile char* volatile target = where;  // not to be reasoned about
  *target = 1;
}

void blockSignals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_IGN);
  loopForEver();
}

// clang knows that this cannot end well.
#pragma GCC diagnostic push
#if defined(__clang__)
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#else
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#endif
[[gnu::noinline]] int overflowStack(volatile int* above) {
  volatile int room[256];
  room[0] = *above + 1;
  return overflowStack(room) + room[0];
}
#pragma GCC diagnostic pop

void exhaustMemory() {
  std::vector<std::unique_ptr<char[]>> taken;
  for (;;) {
    taken.push_back(std::make_unique<char[]>(std::size_t{1} << 20));
    for (std::size_t i = 0; i < std::size_t{1} << 20; i += 4096) taken.back()[i] = 1;
  }
}

void exhaustAndDie() noexcept { exhaustMemory(); }

// A descendant that is not the worker's child any more; it ends with the host, or after a minute.
void leaveDescendant() {
  if (::fork() != 0) return;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  pollfd lifeline{kLifeline, POLLIN, 0};
  ::poll(&lifeline, 1, 60'000);
  ::_exit(0);
}

void sendControl(const std::vector<std::uint64_t>& words, bool withDescriptor) {
  iovec part{const_cast<std::uint64_t*>(words.data()), words.size() * sizeof(std::uint64_t)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    cmsghdr alignment;
  } control{};
  if (withDescriptor) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int zero = 0;
    std::memcpy(CMSG_DATA(header), &zero, sizeof zero);
  }
  if (::sendmsg(kControlSocket, &message, 0) < 0) ::abort();
}

// struct ToHost { hello }: one data word with the union's tag, two pointers unused; all zero is an empty Hello.
std::vector<std::uint64_t> emptyHello() { return {std::uint64_t{1} << 32 | std::uint64_t{1} << 48, 0, 0}; }

// The first read-only shared mapping of a memfd.
std::string hostRegionLine() {
  std::string maps = look("maps");
  for (std::size_t start = 0; start < maps.size();) {
    const std::size_t end = maps.find('\n', start);
    const std::string line = maps.substr(start, end - start);
    if (line.find(" r--s ") != std::string::npos && line.find("/memfd:") != std::string::npos) return line;
    if (end == std::string::npos) break;
    start = end + 1;
  }
  return {};
}

}  // namespace

char* hostRegion() { return reinterpret_cast<char*>(std::strtoull(hostRegionLine().c_str(), nullptr, 16)); }

void commit(Fault fault) {
  switch (fault) {
    case Fault::none: return;
    case Fault::deadlock: return deadlock();
    case Fault::busyLoop: loopForEver();
    case Fault::sleep: sleepForEver();
    case Fault::blockSignals: return blockSignals();
    case Fault::stop:
      static_cast<void>(::raise(SIGSTOP));
      ::kill(::getpid(), SIGSTOP);
      sleepForEver();
    case Fault::segmentation: return writeTo(reinterpret_cast<char*>(8));
    case Fault::abort: ::abort();
    case Fault::exitZero: ::_exit(0);
    case Fault::exitThree: ::_exit(3);
    case Fault::stackOverflow: {
      volatile int start = 0;
      static_cast<void>(overflowStack(&start));
      return;
    }
    case Fault::exhaustMemory: return exhaustMemory();
    case Fault::exhaustAndDie: return exhaustAndDie();
    case Fault::threadThrows:
      std::thread([] { throw std::runtime_error("nobody catches this"); }).detach();
      sleepForEver();
    case Fault::kill: ::kill(::getpid(), SIGKILL); sleepForEver();
    case Fault::throwText: throw std::runtime_error("thrown on request");
    case Fault::closeDescriptors: ::close_range(0, ~0U, 0); sleepForEver();
    case Fault::forkAndLeave: leaveDescendant(); ::_exit(5);
    case Fault::forkAndStay: return leaveDescendant();
    case Fault::controlGarbage: sendControl({~std::uint64_t{0}, ~std::uint64_t{0}}, false); sleepForEver();
    case Fault::controlDescriptor: sendControl(emptyHello(), true); sleepForEver();
    case Fault::controlHelloAgain: sendControl(emptyHello(), false); sleepForEver();
    case Fault::renounceDeathSignal: ::prctl(PR_SET_PDEATHSIG, 0); loopForEver();
    case Fault::writeHostRegion: return writeTo(hostRegion());
    case Fault::exitThread: ::pthread_exit(nullptr);
    case Fault::atExitHang: ::atexit([] { sleepForEver(); }); return;
  }
}
