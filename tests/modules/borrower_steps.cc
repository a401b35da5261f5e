// Single calls of the system, of which tests make their stories.
#include "borrower.module.h"
#include "borrower.table.h"

#include <bulkhead/module.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace borrower_module {

long act(borrower::Step step, long a, long b, long c);

namespace {

std::atomic<long> handled{0};
std::array<struct sigaction, NSIG> kept{};
char variable[] = "BULKHEAD_BORROWED=yes";
char* memory = nullptr;
std::size_t memorySize = 0;
alignas(16) std::array<char, 1 << 16> stack{};

extern "C" void borrowerHandler(int) { ++handled; }
extern "C" void borrowerExit(int, void* place) { ++*static_cast<std::int64_t*>(place); }
extern "C" void borrowerNothing() { std::abort(); }

template <class T>
T* at(long address) {
  return reinterpret_cast<T*>(address);
}
template <class T>
long address(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

long receive(int socket) {
  char byte = 0;
  iovec part = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  int descriptor = -1;
  if (::recvmsg(socket, &header, 0) != 1) return -1;
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&header)) std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
  return descriptor;
}

long map(std::size_t length, void* there) {
  return address(::mmap(there, length, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | (there != nullptr ? MAP_FIXED : 0), -1, 0));
}

long handle(int signal) {
  struct sigaction action {};
  action.sa_handler = &borrowerHandler;
  return ::sigaction(signal, &action, &kept.at(static_cast<std::size_t>(signal)));
}

long quickExit() { return ::at_quick_exit(&borrowerNothing) | ::pthread_atfork(&borrowerNothing, nullptr, nullptr); }

long churn(long rounds) {
  long failed = 0;
  for (long round = 0; round < rounds; ++round) {
    const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int second = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    failed += ::close(descriptor) != 0 || ::close(second) != 0;
  }
  return failed;
}

long alternateStack() {
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  return ::sigaltstack(&alternate, nullptr);
}

}  // namespace

// Not one call in tail position: the ledger shows where in the module a call came from.
long act(borrower::Step step, long a, long b, long c) {
  using borrower::Step;
  const auto number = static_cast<int>(a);
  long result = 0;
  switch (step) {
    case Step::openNull: result = ::open("/dev/null", O_RDONLY | O_CLOEXEC); break;
    case Step::openNothing: result = ::open("/none/of/this", O_RDONLY | O_CLOEXEC); break;
    case Step::close: result = ::close(number); break;
    case Step::duplicateTo: result = ::dup2(number, static_cast<int>(b)); break;
    case Step::duplicateFrom: result = ::fcntl(number, F_DUPFD_CLOEXEC, static_cast<int>(b)); break;
    case Step::receive: result = receive(number); break;
    case Step::closeRange: result = ::close_range(static_cast<unsigned>(a), static_cast<unsigned>(b), 0); break;
    case Step::release: bulkhead::release(number); break;
    case Step::map: result = map(static_cast<std::size_t>(a), at<void>(b)); break;
    case Step::unmap: result = ::munmap(at<void>(a), static_cast<std::size_t>(b)); break;
    case Step::remap:
      result = address(::mremap(at<void>(a), static_cast<std::size_t>(b), static_cast<std::size_t>(c), MREMAP_MAYMOVE));
      break;
    case Step::handle: result = handle(number); break;
    case Step::restore: result = ::sigaction(number, &kept.at(static_cast<std::size_t>(a)), nullptr); break;
    case Step::disposition: result = ::signal(number, b == 0 ? SIG_DFL : SIG_IGN) == SIG_ERR ? -1 : 0; break;
    case Step::handled: result = handled; break;
    case Step::keptHandler: result = address(kept.at(static_cast<std::size_t>(a)).sa_sigaction); break;
    case Step::openStream: result = address(std::fopen("/dev/null", "r")); break;
    case Step::closeStream: result = std::fclose(at<FILE>(a)); break;
    case Step::wrapStream: result = address(::fdopen(number, "r")); break;
    case Step::releaseStream: bulkhead::release(at<FILE>(a)); break;
    case Step::setEnvironment: result = ::putenv(variable); break;
    case Step::onExit: result = ::on_exit(&borrowerExit, at<void>(a)); break;
    case Step::quickExit: result = quickExit(); break;
    case Step::spawn: result = address(::popen("cat > /dev/null", "w")); break;
    case Step::memoryStream: result = address(::open_memstream(&memory, &memorySize)); break;
    case Step::openLibrary: result = address(::dlopen("libm.so.6", RTLD_NOW)); break;
    case Step::closeLibrary: result = ::dlclose(at<void>(a)); break;
    case Step::churn: result = churn(a); break;
    case Step::alternateStack: result = alternateStack(); break;
  }
  return result;
}

}  // namespace borrower_module
