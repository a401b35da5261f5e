// Threads of every sort, held at a gate, and thread_locals whose destructors are counted.
#include "spinner.h"

#include "spinner.module.h"

#include <pthread.h>
#include <threads.h>
#include <time.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using bulkhead::Result;

spinner::Observed* observed = nullptr;

class Noted {
 public:
  explicit Noted(std::uint32_t number) : number_(number) { ++observed->made; }
  ~Noted() {
    const std::uint32_t at = observed->destroyed++;
    if (at < observed->order.size()) observed->order[at] = number_;
  }
  void use() { used_ = 1; }

 private:
  std::uint32_t number_;
  volatile std::uint32_t used_ = 0;
};

// Makes one more while it is destroyed.
struct Maker {
  Noted noted{3};
  void use() { noted.use(); }
  ~Maker();
};

thread_local Noted first(1);
thread_local Noted second(2);
thread_local Maker third;

Maker::~Maker() {
  static thread_local Noted fourth(4);
  fourth.use();
}

void touchAll() {
  first.use();
  second.use();
  third.use();
}

std::mutex mutex;
std::condition_variable changed;
std::uint32_t arrived = 0;
bool isOpen = false;
std::vector<std::function<void()>> joins;

void waitAtGate() {
  touchAll();
  std::unique_lock lock(mutex);
  ++arrived;
  changed.notify_all();
  changed.wait(lock, [] { return isOpen; });
}

struct SpinnerLoop {
  void operator()() const { waitAtGate(); }
};

void* plain(void*) {
  waitAtGate();
  return nullptr;
}

void* named(void*) {
  pthread_setname_np(pthread_self(), "spinner-named");
  waitAtGate();
  return nullptr;
}

[[noreturn]] void* exits(void*) {
  waitAtGate();
  pthread_exit(nullptr);
}

void* cancelled(void*) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);  // libc++ waits in a noexcept function
  waitAtGate();
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
  for (;;) {
    const timespec hour{3600, 0};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, nullptr);
  }
}

void* throwing(void*) {
  try {
    waitAtGate();
    throw std::runtime_error("thrown inside");
  } catch (const std::exception&) {
    return nullptr;
  }
}

int ofC11(void*) {
  waitAtGate();
  return -7;
}

bool startPthread(void* (*run)(void*), const std::function<void(pthread_t)>& before = {}) {
  pthread_t thread;
  if (pthread_create(&thread, nullptr, run, nullptr) != 0) return false;
  joins.emplace_back([thread, before] {
    if (before) before(thread);
    pthread_join(thread, nullptr);
  });
  return true;
}

void joinTimed(pthread_t thread) {
  timespec until;
  while (pthread_tryjoin_np(thread, nullptr) != 0) {
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    if (pthread_timedjoin_np(thread, nullptr, &until) == 0) return;
  }
}

bool startTimed() {
  pthread_t thread;
  if (pthread_create(&thread, nullptr, &plain, nullptr) != 0) return false;
  joins.emplace_back([thread] { joinTimed(thread); });
  return true;
}

bool startC11(bool isDetached) {
  thrd_t thread;
  if (thrd_create(&thread, &ofC11, nullptr) != thrd_success) return false;
  if (isDetached) return thrd_detach(thread) == thrd_success;
  joins.emplace_back([thread] {
    int result = 0;
    thrd_join(thread, &result);
    if (result != -7) observed->made += 1000;  // a test will notice
  });
  return true;
}

bool startWithAttributes(const std::function<void(pthread_attr_t&)>& set) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  set(attributes);
  pthread_t thread;
  const int failure = pthread_create(&thread, &attributes, &plain, nullptr);
  pthread_attr_destroy(&attributes);
  return failure == 0;
}

bool startDetach() {
  pthread_t thread;
  return pthread_create(&thread, nullptr, &plain, nullptr) == 0 && pthread_detach(thread) == 0;
}

template <class Thread>
bool startObject() {
  auto thread = std::make_shared<Thread>(SpinnerLoop());
  joins.emplace_back([thread] { thread->join(); });
  return true;
}

bool startAsync() {
  auto future = std::make_shared<std::future<void>>(std::async(std::launch::async, SpinnerLoop()));
  joins.emplace_back([future] { future->get(); });
  return true;
}

bool startSort(std::uint32_t sort) {
  switch (sort) {
    case spinner::kThread: return startObject<std::thread>();
#ifdef __cpp_lib_jthread
    case spinner::kJthread: return startObject<std::jthread>();
#else
    case spinner::kJthread: return startObject<std::thread>();
#endif
    case spinner::kAsync: return startAsync();
    case spinner::kPthread: return startPthread(&plain);
    case spinner::kNamed: return startPthread(&named);
    case spinner::kExits: return startPthread(&exits);
    case spinner::kCancelled: return startPthread(&cancelled, &pthread_cancel);
    case spinner::kThrows: return startPthread(&throwing);
    case spinner::kTimed: return startTimed();
    case spinner::kThrd: return startC11(false);
    case spinner::kThreadDetached: std::thread(SpinnerLoop()).detach(); return true;
    case spinner::kPthreadDetached:
      return startWithAttributes([](auto& a) { pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED); });
    case spinner::kPthreadDetach: return startDetach();
    case spinner::kThrdDetached: return startC11(true);
    default: return startWithAttributes([](auto& a) { pthread_attr_setstacksize(&a, std::size_t{1} << 46); });
  }
}

class Spinner final : public spinner::module::Spinner {
 public:
  Result<bool> start(std::uint32_t sort) override { return startSort(sort); }
  Result<void> awaitArrival(std::uint32_t count) override {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return arrived >= count; });
    return {};
  }
  Result<void> release() override {
    setGate(true);
    for (const auto& join : joins) join();
    joins.clear();
    joins.shrink_to_fit();
    return {};
  }
  Result<void> touch() override {
    touchAll();
    return {};
  }
  Result<void> observe(std::uint64_t address) override {
    observed = reinterpret_cast<spinner::Observed*>(address);
    return {};
  }

 private:
  static void setGate(bool open) {
    const std::lock_guard lock(mutex);
    isOpen = open;
    changed.notify_all();
  }
};

}  // namespace

BULKHEAD_MODULE(Spinner)
