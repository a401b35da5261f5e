#include "host/isolated/spawn_child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>

// Keeps every tool's hands off a function: it runs in a process that shares its parent's memory.
#if defined(__clang__)
#define BULKHEAD_UNINSTRUMENTED                                                                           \
  __attribute__((no_sanitize("address", "thread", "memory", "undefined", "coverage"), no_stack_protector, \
                 disable_sanitizer_instrumentation, no_profile_instrument_function, no_instrument_function))
#else
#define BULKHEAD_UNINSTRUMENTED                                                                               \
  __attribute__((no_sanitize("address,thread,undefined"), no_stack_protector, no_profile_instrument_function, \
                 no_instrument_function))
#endif
#define BULKHEAD_CHILD_INLINE static inline __attribute__((always_inline)) BULKHEAD_UNINSTRUMENTED

namespace bulkhead::isolated {
namespace {

BULKHEAD_CHILD_INLINE long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) noexcept {
  long result = 0;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

template <class T>
BULKHEAD_CHILD_INLINE long word(T* pointer) noexcept {
  return reinterpret_cast<long>(pointer);
}

BULKHEAD_CHILD_INLINE void fail(SpawnPlan& plan, SpawnStep step, long result) noexcept {
  plan.failure = static_cast<int>(-result);
  plan.failedStep = step;
  while (true) call(SYS_exit_group, 127);
}

// A parent that died before the request was made would never be noticed: hence the look at who the parent is.
BULKHEAD_CHILD_INLINE void dieWithParent(SpawnPlan& plan) noexcept {
  const long result = call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (result < 0) fail(plan, SpawnStep::parentDeathSignal, result);
  if (call(SYS_getppid) != plan.parent) fail(plan, SpawnStep::parentDeathSignal, -ESRCH);
}

// First out of the way of the targets, then into place; close-on-exec takes all the rest.
BULKHEAD_CHILD_INLINE void placeDescriptors(SpawnPlan& plan) noexcept {
  for (int i = 0; i < plan.descriptorCount; ++i) {
    const long copy = call(SYS_fcntl, plan.descriptors[i], F_DUPFD_CLOEXEC, plan.descriptorCount);
    if (copy < 0) fail(plan, SpawnStep::descriptors, copy);
    plan.duplicates[i] = static_cast<int>(copy);
  }
  const long program = call(SYS_fcntl, plan.program, F_DUPFD_CLOEXEC, plan.descriptorCount);
  if (program < 0) fail(plan, SpawnStep::descriptors, program);
  plan.program = static_cast<int>(program);
  for (int i = 0; i < plan.descriptorCount; ++i) {
    const long placed = call(SYS_dup3, plan.duplicates[i], i, 0);
    if (placed < 0) fail(plan, SpawnStep::descriptors, placed);
  }
  const long closed = call(SYS_close_range, plan.descriptorCount, ~0U, CLOSE_RANGE_CLOEXEC);
  if (closed < 0) fail(plan, SpawnStep::closeOthers, closed);
}

BULKHEAD_CHILD_INLINE void setLimits(SpawnPlan& plan) noexcept {
  for (int i = 0; i < plan.limitCount; ++i) {
    const long result = call(SYS_prlimit64, 0, plan.limitResources[i], word(plan.limitValues + i));
    if (result < 0) fail(plan, SpawnStep::limits, result);
  }
}

// Exec keeps ignored signals ignored and the mask as it is: a worker starts with neither of the host's.
BULKHEAD_CHILD_INLINE void resetSignals(SpawnPlan& plan) noexcept {
  for (long signal = 1; signal <= 64; ++signal) {
    call(SYS_rt_sigaction, signal, word(&plan.defaultAction), 0, sizeof plan.noSignals);  // SIGKILL, SIGSTOP: refused
  }
  call(SYS_rt_sigprocmask, SIG_SETMASK, word(&plan.noSignals), 0, sizeof plan.noSignals);
}

[[noreturn]] BULKHEAD_UNINSTRUMENTED void childMain(SpawnPlan* plan) noexcept {
  dieWithParent(*plan);
  call(SYS_setpgid, 0, 0);  // a terminal's Ctrl-C is the host's to handle
  placeDescriptors(*plan);
  setLimits(*plan);
  const long privileges = call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1);
  if (privileges < 0) fail(*plan, SpawnStep::noNewPrivileges, privileges);
  resetSignals(*plan);
  const long result =
      call(SYS_execveat, plan->program, word(""), word(plan->arguments), word(plan->environment), AT_EMPTY_PATH);
  fail(*plan, SpawnStep::exec, result);
  __builtin_unreachable();
}

}  // namespace

BULKHEAD_UNINSTRUMENTED long spawnChild(SpawnPlan& plan, std::byte* stack, std::size_t stackBytes,
                                        int& pidfd) noexcept {
  // No exit signal until exec (which sets SIGCHLD): a failed launch is nobody's child to reap but ours.
  const long flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  const auto top = (reinterpret_cast<std::uintptr_t>(stack) + stackBytes) & ~std::uintptr_t{15};
  long result = 0;
  register void (*entry)(SpawnPlan*) __asm__("r9") = &childMain;
  register SpawnPlan* argument __asm__("r8") = &plan;  // the tls argument of clone, unused without CLONE_SETTLS
  register long childTid __asm__("r10") = 0;
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r8, %%rdi\n\t"
      "callq *%%r9\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(static_cast<long>(SYS_clone)), "D"(flags), "S"(top), "d"(&pidfd), "r"(childTid), "r"(argument), "r"(entry)
      : "rcx", "r11", "cc", "memory");
  return result;
}

}  // namespace bulkhead::isolated
