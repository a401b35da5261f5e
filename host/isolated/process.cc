#include "host/isolated/process.h"

#include "shared/clock.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bulkhead::isolated {
namespace {

constexpr int kPidfdIdType = 3;  // P_PIDFD of newer headers

// The kernel's struct pidfd_info as of Linux 6.15, and its ioctl.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroupId;
  std::uint32_t ids[11];  // pid, tgid, ppid and eight user and group ids
  std::int32_t exitCode;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t kExitInfo = 1U << 3;  // PIDFD_INFO_EXIT
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);

std::uint64_t microseconds(const timeval& time) noexcept {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
}

ExitUsage usageOf(const rusage& used) noexcept {
  ExitUsage usage;
  usage.known = true;
  usage.userMicroseconds = microseconds(used.ru_utime);
  usage.systemMicroseconds = microseconds(used.ru_stime);
  usage.maxResidentBytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
  usage.minorFaults = static_cast<std::uint64_t>(used.ru_minflt);
  usage.majorFaults = static_cast<std::uint64_t>(used.ru_majflt);
  usage.voluntarySwitches = static_cast<std::uint64_t>(used.ru_nvcsw);
  usage.involuntarySwitches = static_cast<std::uint64_t>(used.ru_nivcsw);
  return usage;
}

ExitStatus statusOf(const siginfo_t& info, const rusage& used) noexcept {
  ExitStatus status;
  if (info.si_code == CLD_EXITED) {
    status.status = info.si_status;
  } else {
    status.how = ExitHow::signalled;
    status.signal = info.si_status;
    status.coreDumped = info.si_code == CLD_DUMPED;
  }
  status.usage = usageOf(used);
  return status;
}

// From the form of wait(2).
ExitStatus statusOf(int code) noexcept {
  ExitStatus status;
  if (WIFSIGNALED(code)) {
    status.how = ExitHow::signalled;
    status.signal = WTERMSIG(code);
    status.coreDumped = WCOREDUMP(code);
  } else {
    status.status = WEXITSTATUS(code);
  }
  return status;
}

// Somebody else took the status: what the kernel still knows. Empty in the short time in which it is being taken.
std::optional<ExitStatus> statusAfterReap(int pidfd) noexcept {
  PidfdInfo info{};
  info.mask = kExitInfo;
  if (::ioctl(pidfd, kGetInfo, &info) == 0) {
    if ((info.mask & kExitInfo) == 0) return std::nullopt;
    return statusOf(info.exitCode);
  }
  ExitStatus status;
  status.how = ExitHow::reapedElsewhere;
  return status;
}

int pollTimeout(std::int64_t deadlineNs) noexcept {
  if (deadlineNs == 0) return -1;
  const std::int64_t leftMs = (deadlineNs - nowNs() + 999'999) / 1'000'000;
  return static_cast<int>(std::clamp<std::int64_t>(leftMs, 0, 60'000));
}

}  // namespace

void ExitStatus::writeTo(ExitReport& report) const {
  report.how = how;
  report.status = status;
  report.signal = signal;
  report.coreDumped = coreDumped;
  report.usage = usage;
}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = other.pid_;
    pidfd_ = std::move(other.pidfd_);
    status_ = other.status_;
  }
  return *this;
}

Process::~Process() { end(); }

void Process::end() noexcept {
  if (!pidfd_ || reap()) return;
  kill();
  waitUntil(nowNs() + kDestructorWaitNs);
}

void Process::kill() const noexcept { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0); }

std::optional<ExitStatus> Process::reap() noexcept {
  if (status_ || !pidfd_) return status_;
  siginfo_t info{};
  rusage used{};
  long result = 0;
  do {
    // Raw: libc's waitid gives no rusage. WALL: also before exec, when the child has no exit signal yet.
    result = ::syscall(SYS_waitid, kPidfdIdType, pidfd_.get(), &info, WEXITED | WNOHANG | __WALL, &used);
  } while (result != 0 && errno == EINTR);
  if (result == 0 && info.si_pid == 0) return std::nullopt;
  status_ = result == 0 ? statusOf(info, used) : statusAfterReap(pidfd_.get());
  return status_;
}

std::optional<ExitStatus> Process::waitUntil(std::int64_t deadlineNs) noexcept {
  while (true) {
    if (auto status = reap()) return status;
    if (deadlineNs != 0 && nowNs() >= deadlineNs) return std::nullopt;
    pollfd entry{pidfd_.get(), POLLIN, 0};
    // A readable pidfd without a status is being reaped by somebody else: a matter of microseconds.
    if (::poll(&entry, 1, pollTimeout(deadlineNs)) > 0 && !reap()) ::poll(nullptr, 0, 1);
  }
}

}  // namespace bulkhead::isolated
