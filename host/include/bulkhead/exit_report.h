// How and why a worker ended: evidence for people and supervisors, beside the Error that the callers got.
#pragma once

#include <bulkhead/tier.h>

#include <cstdint>
#include <string>

namespace bulkhead {

// How the process ended, as the kernel tells it.
enum class ExitHow : std::uint8_t {
  exited,           // `status` is its exit status
  signalled,        // `signal` ended it
  execFailed,       // it never ran: `text` names the program and the reason
  reapedElsewhere,  // another part of the host took its status first; how it ended is not known and not guessed
  notReaped,        // killed, but the kernel did not end it in time (uninterruptible sleep)
};

// Why the host ended it. The first verdict stands; later ones do not replace it.
enum class ExitVerdict : std::uint8_t {
  none,               // the host did not: it ended by itself
  shutDown,           // unloaded, and it left in time
  shutDownTimedOut,   // unloaded, and it had to be killed
  deadlineExceeded,   // a call got no answer in time
  loadTimedOut,       // loading got no answer in time
  startFailed,        // it could not be started or refused to
  protocolViolation,  // it broke the rules: `text` says which
  requirementNotMet,  // it did not reach the required tier
  hostClosed,         // the host object was destroyed
};

// What the process used, its waited-for children included. Zero when `known` is false.
struct ExitUsage {
  bool known = false;
  std::uint64_t userMicroseconds = 0;
  std::uint64_t systemMicroseconds = 0;
  std::uint64_t maxResidentBytes = 0;
  std::uint64_t minorFaults = 0;
  std::uint64_t majorFaults = 0;
  std::uint64_t voluntarySwitches = 0;
  std::uint64_t involuntarySwitches = 0;
};

// Plain data, immutable once published. Texts that a worker could have influenced are sanitised by whoever sets them.
struct ExitReport {
  ExitHow how = ExitHow::exited;
  int status = 0;  // of `exited`
  int signal = 0;  // of `signalled`
  bool coreDumped = false;
  ExitVerdict verdict = ExitVerdict::none;
  std::string text;  // more on the verdict or the failure, or empty

  std::string module;
  std::uint64_t generation = 0;
  int pid = 0;         // for logs only: the number may mean another process by now
  std::string method;  // a call that was under way ("Codec.decode"), or empty
  Tier tier = Tier::process;
  ExitUsage usage;

  // One line: "codec generation 3 (pid 812): killed by signal 9 (Killed): deadlineExceeded: Codec.decode: ...".
  std::string describe() const;
};

const char* toString(ExitHow how) noexcept;
const char* toString(ExitVerdict verdict) noexcept;

}  // namespace bulkhead
