#include "tests/bench/floors.h"

#include "tests/bench/system.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <stdexcept>

namespace bench {
namespace {

void* open(const std::string& file) {
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  return library;
}

}  // namespace

VirtualCall::VirtualCall() : library_(open(BENCH_MODULES "/bench_floor.so")) {
  adder_ = reinterpret_cast<MakeAdder>(::dlsym(library_, kMakeAdder))();
}
VirtualCall::~VirtualCall() { ::dlclose(library_); }

PlainLoad::PlainLoad(const std::string& file) : library_(open(file)) {}
PlainLoad::~PlainLoad() { ::dlclose(library_); }

// ---- shared memory

SharedMemoryPeer::SharedMemoryPeer(Waiting waiting, int cpu) : waiting_(waiting) {
  void* const memory =
      ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = new (memory) Memory;
  child_ = ::fork();
  if (child_ < 0) throw std::runtime_error("cannot fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pinThread(0, cpu);
    answer();
  }
}

SharedMemoryPeer::~SharedMemoryPeer() {
  endChild(child_);
  ::munmap(memory_, sizeof(Memory));
}

void SharedMemoryPeer::post(std::atomic<std::uint32_t>& word, std::uint32_t value) const {
  word.store(value, std::memory_order_release);
  if (waiting_ == Waiting::sleeping) ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

std::uint32_t SharedMemoryPeer::await(std::atomic<std::uint32_t>& word, std::uint32_t old) const {
  for (;;) {
    const std::uint32_t now = word.load(std::memory_order_acquire);
    if (now != old) return now;
    if (waiting_ == Waiting::spinning) {
      __builtin_ia32_pause();
    } else {
      ::syscall(SYS_futex, &word, FUTEX_WAIT, old, nullptr, nullptr, 0);
    }
  }
}

void SharedMemoryPeer::answer() {
  for (std::uint32_t seen = 0;;) {
    seen = await(memory_->request, seen);
    switch (memory_->operation.load(std::memory_order_relaxed)) {
      case Operation::ping: break;
      case Operation::text: std::memcpy(memory_->back, memory_->there, kTextBytes); break;
      case Operation::bulk:
        ++memory_->there[0];
        ++memory_->there[kBulkBytes - 1];
        break;
    }
    post(memory_->answer, seen);
  }
}

void SharedMemoryPeer::exchange() {
  const std::uint32_t old = count_++;
  post(memory_->request, count_);
  await(memory_->answer, old);
}

void SharedMemoryPeer::ping() {
  if (last_ != Operation::ping) memory_->operation.store(last_ = Operation::ping, std::memory_order_relaxed);
  exchange();
}

void SharedMemoryPeer::text(const char* in, char* out) {
  if (last_ != Operation::text) memory_->operation.store(last_ = Operation::text, std::memory_order_relaxed);
  std::memcpy(memory_->there, in, kTextBytes);
  exchange();
  std::memcpy(out, memory_->back, kTextBytes);
}

void SharedMemoryPeer::bulk(const char* in, char* out) {
  if (last_ != Operation::bulk) memory_->operation.store(last_ = Operation::bulk, std::memory_order_relaxed);
  std::memcpy(memory_->there, in, kBulkBytes);
  exchange();
  std::memcpy(out, memory_->there, kBulkBytes);
}

// ---- a bare process

BareWorker::BareWorker() {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) throw std::runtime_error("no socket pair");
  const std::string number = std::to_string(sockets[1]);
  child_ = ::vfork();
  if (child_ == 0) {
    ::fcntl(sockets[1], F_SETFD, 0);
    ::execl(BENCH_BARE, BENCH_BARE, number.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(sockets[1]);
  socket_ = sockets[0];
}

BareWorker::~BareWorker() {
  ::close(socket_);
  endChild(child_);
}

int BareWorker::add(int a, int b) {
  int numbers[2] = {a, b};
  if (::write(socket_, numbers, sizeof numbers) != sizeof numbers ||
      ::read(socket_, numbers, sizeof numbers) != sizeof numbers) {
    throw std::runtime_error("the bare worker does not answer");
  }
  return numbers[0];
}

}  // namespace bench
