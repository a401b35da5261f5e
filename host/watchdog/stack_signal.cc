#include "host/watchdog/stack_signal.h"

#include "shared/clock.h"
#include "shared/posix/errno_error.h"
#include "shared/symbols/backtrace.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <map>
#include <mutex>

namespace bulkhead::watchdog {
namespace {

enum Phase : std::uint64_t { kIdle, kWanted, kWriting, kPhases };

// Where an answer goes. Never freed: a signal may arrive whenever the thread lets it.
struct Request {
  Request() { ::sem_init(&answered, 0, 0); }

  std::atomic<std::uint64_t> state{kIdle};  // ticket * kPhases + phase: a late answer is not taken for another's
  std::array<void*, 128> addresses{};
  std::size_t count = 0;
  sem_t answered;
};

struct Process {
  std::mutex capturing;  // one at a time
  std::atomic<Request*> request{new Request};
  std::uint64_t lastTicket = 0;
  std::mutex taking;
  std::map<int, int> holders;  // of each number
};

Process& process() {
  static Process* const instance = new Process;  // the handler may run to the very end
  return *instance;
}
// For the handler, which may not run through the initialisation of a static.
std::atomic<Process*> handlersProcess{nullptr};

const void* interruptedAt(const void* context) noexcept {
  return reinterpret_cast<const void*>(static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
}

// On the thread whose stack is wanted. Nothing here allocates or locks.
void answer(int, siginfo_t* info, void* context) {
  const int saved = errno;
  const auto ticket = reinterpret_cast<std::uint64_t>(info->si_value.sival_ptr);
  Process* const shared = handlersProcess.load(std::memory_order_acquire);
  if (info->si_code == SI_QUEUE && info->si_pid == ::getpid() && shared != nullptr) {
    Request& request = *shared->request.load(std::memory_order_acquire);
    std::uint64_t expected = ticket * kPhases + kWanted;
    if (request.state.compare_exchange_strong(expected, ticket * kPhases + kWriting, std::memory_order_acquire)) {
      request.count = symbols::captureBacktrace(request.addresses, interruptedAt(context));
      request.state.store(ticket * kPhases + kIdle, std::memory_order_release);
      ::sem_post(&request.answered);
    }
  }
  errno = saved;
}

bool isOurs(int number) noexcept {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == &answer;
}

bool isFree(int number) noexcept {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL;
}

bool isUsable(int number) {
  const auto held = process().holders.find(number);
  return held != process().holders.end() ? isOurs(number) : isFree(number);
}

// The highest few are left to debuggers and instrumentation, which like them.
int chooseSignal() {
  if (!process().holders.empty()) return process().holders.begin()->first;
  for (int number = SIGRTMAX - 4; number >= SIGRTMIN; --number) {
    if (isFree(number)) return number;
  }
  return 0;
}

bool install(int number) noexcept {
  struct sigaction action {};
  action.sa_sigaction = &answer;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigfillset(&action.sa_mask);
  return ::sigaction(number, &action, nullptr) == 0;
}

bool awaitAnswer(Request& request, std::int64_t deadlineNs) noexcept {
  const timespec until{deadlineNs / 1'000'000'000, deadlineNs % 1'000'000'000};
  while (::sem_clockwait(&request.answered, CLOCK_MONOTONIC, &until) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

int sendTo(int threadId, int number, std::uint64_t ticket) noexcept {
  siginfo_t info{};
  info.si_signo = number;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_ptr = reinterpret_cast<void*>(ticket);
  return ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), threadId, number, &info) == 0 ? 0 : errno;
}

}  // namespace

Result<std::unique_ptr<StackSignal>> StackSignal::take(int wanted) {
  if (wanted != 0 && (wanted < SIGRTMIN || wanted > SIGRTMAX)) {
    return Error(ErrorKind::invalidConfiguration, "HostOptions::stackSignal is " + std::to_string(wanted) +
                                                      ", which is no real-time signal: choose one from SIGRTMIN to "
                                                      "SIGRTMAX, or 0");
  }
  const std::lock_guard lock(process().taking);
  const int number = wanted == 0 ? chooseSignal() : wanted;
  if (number == 0 || !isUsable(number)) {
    return Error(ErrorKind::requirementNotMet,
                 "the program handles " + (number == 0 ? "all real-time signals" : "signal " + std::to_string(number)) +
                     " itself: leave one to HostOptions::stackSignal");
  }
  // The unwinder does on its first use what must not be done in a handler.
  std::array<void*, 4> some{};
  static_cast<void>(symbols::captureBacktrace(some, nullptr));
  handlersProcess.store(&process(), std::memory_order_release);
  if (!install(number)) return posix::errnoError(ErrorKind::requirementNotMet, "sigaction");
  ++process().holders[number];
  return std::unique_ptr<StackSignal>(new StackSignal(number));
}

StackSignal::~StackSignal() {
  const std::lock_guard lock(process().taking);
  if (--process().holders[number_] > 0) return;
  process().holders.erase(number_);
  if (!isOurs(number_)) return;
  // Signals that a thread blocked still wait for it, and would end the process by default: ignoring discards them.
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  ::sigaction(number_, &action, nullptr);
  action.sa_handler = SIG_DFL;
  ::sigaction(number_, &action, nullptr);
}

CapturedStack StackSignal::capture(int threadId, std::chrono::milliseconds limit) {
  Process& all = process();
  const std::lock_guard lock(all.capturing);
  if (!isOurs(number_)) {
    return {{}, "another part of the program handles signal " + std::to_string(number_) + " by now"};
  }
  Request& request = *all.request.load(std::memory_order_relaxed);
  const std::uint64_t wanted = ++all.lastTicket * kPhases + kWanted;
  request.state.store(wanted, std::memory_order_release);
  if (const int failure = sendTo(threadId, number_, all.lastTicket); failure != 0) {
    request.state.store(kIdle, std::memory_order_relaxed);
    return {{}, posix::errnoText("the thread cannot be signalled", failure)};
  }
  bool answered = awaitAnswer(request, later(nowNs(), toNs(limit)));
  std::uint64_t expected = wanted;
  if (!answered && request.state.compare_exchange_strong(expected, kIdle, std::memory_order_relaxed)) {
    return {{},
            "the thread did not take signal " + std::to_string(number_) + " within " + std::to_string(limit.count()) +
                " ms: it blocks it, or does not run"};
  }
  if (!answered) answered = awaitAnswer(request, later(nowNs(), toNs(limit)));
  if (!answered) {
    all.request.store(new Request, std::memory_order_release);  // the old one is the thread's
    return {{}, "the thread's stack could not be walked to its end in time"};
  }
  static_cast<void>(request.state.load(std::memory_order_acquire));  // partner: answer()
  CapturedStack stack;
  stack.addresses.assign(request.addresses.begin(),
                         request.addresses.begin() + static_cast<std::ptrdiff_t>(request.count));
  return stack;
}

}  // namespace bulkhead::watchdog
