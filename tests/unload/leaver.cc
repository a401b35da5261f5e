// Holds on to things, or leaves them behind, when asked to.
#include "leaver.module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using bulkhead::Error;
using bulkhead::Result;
using leaver::Verdict;

std::uint32_t staticCount;

// What would be STB_GNU_UNIQUE without the module's flags.
template <class T>
struct Registry {
  static inline std::map<std::string, T> entries;
};

struct ThreadLocal {
  std::string text = std::string(300, 't');
  std::atomic<int>* destroyed = nullptr;
  ~ThreadLocal() {
    if (destroyed != nullptr) destroyed->fetch_add(1);
  }
};
thread_local ThreadLocal threadLocal;

std::atomic<int>& gateAt(std::uint64_t address) { return *reinterpret_cast<std::atomic<int>*>(address); }

// Behind the gate stands who has come to it. Looked at again and again: the host's C++ runtime, which would wake a
// waiter, knows nothing of those of this one.
void waitAt(std::atomic<int>& gate) {
  (&gate)[1].fetch_add(1);
  while (gate.load() == 0) ::usleep(200);
}

// A thread of its own: what it runs has a name that a report can tell.
void waitingThread(std::atomic<int>* gate, std::atomic<int>* tid) {
  tid->store(::gettid());
  tid->notify_all();
  waitAt(*gate);
}

int started(std::atomic<int>& tid) {
  tid.wait(0);
  return tid.load();
}

void onSignal(int) {}

// Closed by the last function of the module that runs.
int lastDescriptor = -1;
std::atomic<int>* wasClosed = nullptr;
__attribute__((destructor)) void closeLast() {
  if (lastDescriptor >= 0 && ::close(lastDescriptor) == 0) wasClosed->fetch_add(1);
}

void leakHeap() {
  static_cast<void>(new std::string(500, 'x'));
  static_cast<void>(!std::malloc(700));
  static_cast<void>(!::strdup("left behind"));
  static_cast<void>(new std::vector<std::shared_ptr<int>>(10, std::make_shared<int>(3)));
  char* line = nullptr;
  static_cast<void>(::asprintf(&line, "%d and counting", 41));
}

void leakDescriptors() {
  static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  static_cast<void>(::eventfd(0, EFD_CLOEXEC));
  int ends[2];
  static_cast<void>(::pipe(ends));
  static_cast<void>(std::fopen("/dev/null", "r"));
  static_cast<void>(::opendir("/"));
  static_cast<void>(new std::ofstream("/dev/null"));
}

void leakOthers() {
  pthread_key_t key;
  ::pthread_key_create(&key, [](void* value) { std::free(value); });
  ::pthread_setspecific(key, std::malloc(32));
  void* const memory = ::mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, 1 << 16);
  static_cast<void>(std::signal(SIGUSR2, &onSignal));
  static_cast<void>(::dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL));
}

class Leaver final : public leaver::module::Leaver {
 public:
  ~Leaver() override {
    if (joined_.joinable()) joined_.join();
  }

  Result<void> beforeUnload() {
    switch (verdict_) {
      case Verdict::REFUSES: return Error("there is work left");
      case Verdict::THROWS: throw std::runtime_error("no verdict");
      case Verdict::OPENS:
        gateAt(gate_) = 1;
        joined_.join();
        break;
      default: break;
    }
    return {};
  }

  Result<std::uint64_t> place() override { return reinterpret_cast<std::uint64_t>(&::staticCount); }
  Result<std::uint32_t> count() override { return ++count_; }
  Result<std::uint32_t> staticCount() override { return ++::staticCount; }

  Result<void> hold(std::uint64_t gate) override {
    waitAt(gateAt(gate));
    return {};
  }

  Result<std::int32_t> startDetached(std::uint64_t gate) override {
    auto* const tid = new std::atomic<int>(0);
    std::thread(&waitingThread, &gateAt(gate), tid).detach();
    return started(*tid);
  }
  Result<std::int32_t> startJoined(std::uint64_t gate) override {
    joined_ = std::thread(&waitingThread, &gateAt(gate), &tid_);
    return started(tid_);
  }

  Result<void> answer(Verdict verdict, std::uint64_t gate) override {
    verdict_ = verdict;
    gate_ = gate;
    return {};
  }

  Result<void> leak(std::uint32_t blocks, std::uint32_t bytes) override {
    for (std::uint32_t n = 0; n < blocks; ++n) std::memset(std::malloc(bytes), 1, bytes);
    return {};
  }

  Result<void> leakEverything() override {
    Registry<int>::entries["one"] = 1;
    leakHeap();
    leakDescriptors();
    leakOthers();
    threadLocal.text += "touched";
    std::thread([] { threadLocal.text += "touched there"; }).join();
    if (!std::regex_match("abac", std::regex("(a|b)*c"))) return Error("no match");
    return {};
  }

  Result<std::int32_t> openFile(std::string_view path) override {
    return ::open(std::string(path).c_str(), O_RDONLY | O_CLOEXEC);
  }
  Result<void> takeSignal(std::int32_t signal) override {
    struct sigaction action {};
    action.sa_handler = &onSignal;
    if (::sigaction(signal, &action, nullptr) != 0) return Error(std::strerror(errno));
    return {};
  }
  Result<void> free(std::uint64_t address) override {
    std::free(reinterpret_cast<void*>(address));
    return {};
  }
  Result<void> freeTwice() override {
    void* volatile block = std::malloc(100);
    std::free(block);
    std::free(block);
    return {};
  }
  Result<void> touchThreadLocal(std::uint64_t counter) override {
    threadLocal.destroyed = &gateAt(counter);
    return {};
  }
  Result<void> leaveTicking() override {
    if (auto taken = takeSignal(SIGALRM); !taken) return taken;
    const itimerval often{{0, 200}, {0, 200}};
    if (::setitimer(ITIMER_REAL, &often, nullptr) != 0) return Error(std::strerror(errno));
    return {};
  }
  Result<std::int32_t> closeAtTheEnd(std::uint64_t closed) override {
    wasClosed = &gateAt(closed);
    lastDescriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    return lastDescriptor;
  }
  Result<void> pinItself() override {
    Dl_info info{};
    // By the dynamic loader's own name for dlopen: a --wrap does not see what is looked up.
    using Open = void* (*)(const char*, int);
    const auto open = reinterpret_cast<Open>(::dlsym(RTLD_DEFAULT, "dlopen"));
    if (open == nullptr || ::dladdr(&::staticCount, &info) == 0) return Error("not found");
    if (open(info.dli_fname, RTLD_NOW | RTLD_LOCAL) == nullptr) return Error(::dlerror());
    return {};
  }

 private:
  std::atomic<int> tid_{0};
  std::thread joined_;
  std::uint32_t count_ = 0;
  Verdict verdict_ = Verdict::AGREES;
  std::uint64_t gate_ = 0;
};

}  // namespace

BULKHEAD_MODULE(Leaver)
