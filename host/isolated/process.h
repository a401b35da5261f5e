// One worker process: held by pidfd, never by number.
//
// A pid may be reused the moment somebody reaps it, and in an embedder's process anybody may; a pidfd always means this
// process. So nothing is signalled by number, and nothing waits for children at large.
#pragma once

#include "shared/posix/unique_fd.h"

#include <bulkhead/exit_report.h>

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace bulkhead::isolated {

// How a process ended.
struct ExitStatus {
  ExitHow how = ExitHow::exited;  // exited, signalled or reapedElsewhere
  int status = 0;
  int signal = 0;
  bool coreDumped = false;
  ExitUsage usage;

  // Copies these members into a report.
  void writeTo(ExitReport& report) const;
};

// Move-only. kill() and native() may be used from any thread; reap() and waitUntil() from one at a time.
class Process {
 public:
  // A child of this process. `pidfd` is close-on-exec and owned from here.
  Process(pid_t pid, posix::UniqueFd pidfd) noexcept : pid_(pid), pidfd_(std::move(pidfd)) {}
  Process(Process&& other) noexcept = default;
  // Kills the process it held, like the destructor.
  Process& operator=(Process&& other) noexcept;
  // Kills the process unless it was reaped, and blocks up to kDestructorWaitNs for its end; then the kernel keeps what
  // is left until the host ends.
  ~Process();

  static constexpr std::int64_t kDestructorWaitNs = 2'000'000'000;

  // Sends SIGKILL; harmless when the process is gone, and any number of times. Never blocks.
  void kill() const noexcept;

  // Takes the process's status if it has ended, and leaves no zombie. Empty while it runs; the same status on later
  // calls. Another part of the host may have reaped it (or SIGCHLD is ignored): then the kernel is asked for the
  // status where it keeps one (Linux 6.15), else `how` is reapedElsewhere. Never blocks.
  std::optional<ExitStatus> reap() noexcept;

  // Waits for the end of the process until `deadlineNs` (shared/clock.h; 0: for ever), then as reap().
  std::optional<ExitStatus> waitUntil(std::int64_t deadlineNs) noexcept;

  // Becomes readable at the process's end: for polling, still owned here.
  int native() const noexcept { return pidfd_.get(); }
  // For logs only.
  pid_t pid() const noexcept { return pid_; }

 private:
  void end() noexcept;

  pid_t pid_;
  posix::UniqueFd pidfd_;
  std::optional<ExitStatus> status_;
};

}  // namespace bulkhead::isolated
