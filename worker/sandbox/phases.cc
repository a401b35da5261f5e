#include "worker/sandbox/phases.h"

#include "shared/posix/errno_error.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cstdint>

namespace bulkhead::sandbox {
namespace {

using posix::errnoError;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

constexpr std::array kPhases{
    Phase{"parent-death signal", Tier::process, bindToHost},
    Phase{"closed descriptors", Tier::process, closeDescriptors},
    Phase{"resource limits", Tier::process, limitResources},
    Phase{"no new privileges", Tier::process, renouncePrivileges},
};

struct NamedLimit {
  __rlimit_resource resource;
  const char* name;
  std::uint64_t value;  // 0: none of ours
};

// Lowers to `value`; a hard limit that is lower already stays.
Result<void> lower(const NamedLimit& limit) {
  rlimit current{};
  if (::getrlimit(limit.resource, &current) != 0) return errnoError(ErrorKind::requirementNotMet, limit.name);
  const rlim_t value = limit.value < current.rlim_max ? static_cast<rlim_t>(limit.value) : current.rlim_max;
  const rlimit wanted{value, value};
  if (::setrlimit(limit.resource, &wanted) != 0) return errnoError(ErrorKind::requirementNotMet, limit.name);
  return {};
}

}  // namespace

std::span<const Phase> phases() noexcept { return kPhases; }

Result<Outcome> bindToHost(const Policy& policy) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errnoError(ErrorKind::requirementNotMet, "prctl");
  // The host may have died before the request: its end of the lifeline is closed then. (Who the parent is says nothing
  // once namespaces are in play.)
  pollfd lifeline{policy.lifeline, POLLIN, 0};
  if (policy.lifeline >= 0 && ::poll(&lifeline, 1, 0) > 0) {
    return Error(ErrorKind::requirementNotMet, "the host is gone");
  }
  return Outcome{true, "SIGKILL"};
}

Result<Outcome> limitResources(const Policy& policy) {
  const control::Limits& limits = policy.limits;
  // A core limit of 1 byte, not 0: with 0 the kernel still pipes a core to a handler if one is set up. The process
  // stays dumpable otherwise, for debuggers and for the host's look at its stacks.
  const NamedLimit wanted[] = {
      {RLIMIT_CORE, "core", 1},
      {RLIMIT_DATA, "memory", kSanitized ? 0 : limits.memoryBytes},
      {RLIMIT_FSIZE, "file size", limits.fileBytes},
      {RLIMIT_NOFILE, "files", limits.files},
      {RLIMIT_CPU, "processor time", limits.cpuSeconds},
  };
  Outcome outcome;
  for (const NamedLimit& limit : wanted) {
    if (limit.value == 0) continue;
    if (Result<void> lowered = lower(limit); !lowered) return std::move(lowered).error();
    outcome.detail.append(outcome.detail.empty() ? "" : ", ").append(limit.name);
  }
  if (kSanitized && limits.memoryBytes != 0) outcome.detail += "; memory is NOT limited in a sanitizer build";
  return outcome;
}

Result<Outcome> renouncePrivileges(const Policy&) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errnoError(ErrorKind::requirementNotMet, "prctl");
  return Outcome{};
}

}  // namespace bulkhead::sandbox
