/* Destructors of thread_local objects. __cxa_thread_atexit, which compilers call, stands here in front of libstdc++'s
 * and libc++abi's; those would call the second. */
#include "shared/hooks/hooks.h"
#include "shared/runtime/threads.h"

extern HOOK void* __dso_handle;

HOOK int __cxa_thread_atexit(void (*destroy)(void*), void* object, void* dso);
HOOK int __cxa_thread_atexit(void (*destroy)(void*), void* object, void* dso) {
  (void)dso;
  return bulkhead_tls_destructor(ledger(), destroy, object, &__dso_handle, SITE);
}

HOOK int __wrap___cxa_thread_atexit_impl(void (*destroy)(void*), void* object, void* dso) {
  (void)dso;
  return bulkhead_tls_destructor(ledger(), destroy, object, &__dso_handle, SITE);
}
