/* Keys of thread-specific data. */
#include "shared/hooks/wrap.h"

#include <pthread.h>
#include <threads.h>

HOOK_OF(int, pthread_key_create, (pthread_key_t * key, void (*destroy)(void*))) {
  const int result = real_pthread_key_create(key, destroy);
  if (result == 0) acquired(BULKHEAD_LEDGER_THREAD_KEY, *key, 0, SITE, "pthread_key_create", NULL);
  return result;
}

HOOK_OF(int, pthread_key_delete, (pthread_key_t key)) {
  given_back(BULKHEAD_LEDGER_THREAD_KEY, key);
  return real_pthread_key_delete(key);
}

HOOK_OF(int, tss_create, (tss_t * key, tss_dtor_t destroy)) {
  const int result = real_tss_create(key, destroy);
  if (result == thrd_success) acquired(BULKHEAD_LEDGER_THREAD_KEY, *key, 0, SITE, "tss_create", NULL);
  return result;
}

HOOK_OF(void, tss_delete, (tss_t key)) {
  given_back(BULKHEAD_LEDGER_THREAD_KEY, key);
  real_tss_delete(key);
}
