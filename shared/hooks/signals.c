/* Actions of signals. The runtime owns the chain of who set which action, so that modules can come and go in any
 * order; see shared/runtime/signals.h for what a module gets to see of it. */
#include "shared/runtime/signals.h"

#include "shared/hooks/wrap.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef void (*Handler)(int);

/* <signal.h> gives the calls of some of these other names. */
#undef sigset

HOOK_OF(int, sigaction, (int signal, const struct sigaction* action, struct sigaction* old)) {
  return bulkhead_signal_action(ledger(), signal, action, old, SITE, "sigaction");
}

static Handler set(int signal, Handler handler, int flags, const void* site, const char* call) {
  struct sigaction action;
  struct sigaction old;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  if ((flags & SA_RESTART) != 0) sigaddset(&action.sa_mask, signal);
  return bulkhead_signal_action(ledger(), signal, &action, &old, site, call) == 0 ? old.sa_handler : SIG_ERR;
}

#define SETTING(name, flags)                                                                               \
  HOOK_OF(Handler, name, (int signal, Handler handler)) {                                                  \
    if (!bulkhead_ledger_takes_notes(ledger()) || handler == SIG_ERR) return real_##name(signal, handler); \
    return set(signal, handler, flags, SITE, #name);                                                       \
  }

SETTING(signal, SA_RESTART)
SETTING(bsd_signal, SA_RESTART)
SETTING(ssignal, SA_RESTART)
SETTING(sysv_signal, (int)SA_RESETHAND | SA_NODEFER)
SETTING(__sysv_signal, (int)SA_RESETHAND | SA_NODEFER)

/* With a handler it also unblocks the signal, and SIG_HOLD only blocks it. */
HOOK_OF(Handler, sigset, (int signal, Handler handler)) {
  if (!bulkhead_ledger_takes_notes(ledger()) || handler == SIG_ERR || handler == SIG_HOLD) {
    return real_sigset(signal, handler);
  }
  sigset_t one;
  sigset_t blocked;
  const Handler old = set(signal, handler, 0, SITE, "sigset");
  if (old == SIG_ERR) return old;
  sigemptyset(&one);
  sigaddset(&one, signal);
  if (sigprocmask(SIG_UNBLOCK, &one, &blocked) != 0) return SIG_ERR;
  return sigismember(&blocked, signal) == 1 ? SIG_HOLD : old;
}

HOOK_OF(int, sigignore, (int signal)) {
  if (!bulkhead_ledger_takes_notes(ledger())) return real_sigignore(signal);
  return set(signal, SIG_IGN, 0, SITE, "sigignore") == SIG_ERR ? -1 : 0;
}

/* Of the calling thread; another thread cannot change it. */
HOOK_OF(int, sigaltstack, (const stack_t* stack, stack_t* old)) {
  const int result = real_sigaltstack(stack, old);
  if (result != 0 || stack == NULL) return result;
  const uint64_t key = BULKHEAD_ALTERNATE_STACK_KEY((uint64_t)gettid());
  if ((stack->ss_flags & SS_DISABLE) != 0) {
    given_back(BULKHEAD_LEDGER_SIGNAL_HANDLER, key);
  } else {
    char text[64];
    snprintf(text, sizeof text, BULKHEAD_ALTERNATE_STACK_TEXT, stack->ss_sp, (int)gettid());
    acquired(BULKHEAD_LEDGER_SIGNAL_HANDLER, key, 0, SITE, "sigaltstack", text);
  }
  return result;
}
