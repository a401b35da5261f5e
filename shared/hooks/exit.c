/* What libc would keep of the module until the process ends. atexit, at_quick_exit and pthread_atfork need no hooks:
 * libc knows by the module's handle whose they are, and lets go of them when the module is finalised. */
#include "shared/hooks/wrap.h"

#include <stdlib.h>

extern HOOK void* __dso_handle;

HOOK_OF(int, on_exit, (void (*function)(int, void*), void* argument)) {
  if (!bulkhead_ledger_takes_notes(ledger())) return real_on_exit(function, argument);
  return bulkhead_exit_handler(ledger(), &__dso_handle, function, argument, SITE, "on_exit");
}

/* The environment gets a copy: of a change in the module's string after the call nothing is seen. */
HOOK_OF(int, putenv, (char* variable)) {
  return bulkhead_ledger_takes_notes(ledger()) ? bulkhead_environment_put(variable) : real_putenv(variable);
}
