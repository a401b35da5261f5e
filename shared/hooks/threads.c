/* Threads: who creates, joins and detaches them. std::thread of libstdc++ creates its own in its library, which may be
 * a shared one: std_thread.c. */
#include "shared/runtime/threads.h"

#include "shared/hooks/hooks.h"

#include <errno.h>
#include <threads.h>
#include <time.h>

HOOK int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                               void* argument) {
  const BulkheadThreadStart start = {
      .run = run, .argument = argument, .shown = (const void*)(uintptr_t)run, .call = "pthread_create", .site = SITE};
  return bulkhead_thread_create(ledger(), thread, attributes, &start);
}

HOOK int __wrap_thrd_create(thrd_t* thread, thrd_start_t run, void* argument) {
  const BulkheadThreadStart start = {
      .run_c11 = run, .argument = argument, .shown = (const void*)(uintptr_t)run, .call = "thrd_create", .site = SITE};
  switch (bulkhead_thread_create(ledger(), thread, NULL, &start)) {
    case 0: return thrd_success;
    case ENOMEM: return thrd_nomem;
    default: return thrd_error;
  }
}

/* A thread is looked up before it is given away: its pthread_t may be another's at once. */
static int joined(uint64_t number, int result) {
  if (result == 0) bulkhead_thread_joined(ledger(), number);
  return result;
}

static int detached(uint64_t number, int result) {
  if (result == 0) bulkhead_thread_detached(ledger(), number);
  return result;
}

int __real_pthread_join(pthread_t thread, void** result);
HOOK int __wrap_pthread_join(pthread_t thread, void** result) {
  const uint64_t number = bulkhead_thread_find(ledger(), thread);
  return joined(number, __real_pthread_join(thread, result));
}

int __real_pthread_tryjoin_np(pthread_t thread, void** result);
HOOK int __wrap_pthread_tryjoin_np(pthread_t thread, void** result) {
  const uint64_t number = bulkhead_thread_find(ledger(), thread);
  return joined(number, __real_pthread_tryjoin_np(thread, result));
}

int __real_pthread_timedjoin_np(pthread_t thread, void** result, const struct timespec* until);
HOOK int __wrap_pthread_timedjoin_np(pthread_t thread, void** result, const struct timespec* until) {
  const uint64_t number = bulkhead_thread_find(ledger(), thread);
  return joined(number, __real_pthread_timedjoin_np(thread, result, until));
}

int __real_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const struct timespec* until);
HOOK int __wrap_pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const struct timespec* until) {
  const uint64_t number = bulkhead_thread_find(ledger(), thread);
  return joined(number, __real_pthread_clockjoin_np(thread, result, clock, until));
}

int __real_thrd_join(thrd_t thread, int* result);
HOOK int __wrap_thrd_join(thrd_t thread, int* result) {
  const uint64_t number = bulkhead_thread_find(ledger(), thread);
  return joined(number, __real_thrd_join(thread, result));
}

int __real_pthread_detach(pthread_t thread);
HOOK int __wrap_pthread_detach(pthread_t thread) {
  const uint64_t number = bulkhead_thread_find(ledger(), thread);
  return detached(number, __real_pthread_detach(thread));
}

int __real_thrd_detach(thrd_t thread);
HOOK int __wrap_thrd_detach(thrd_t thread) {
  const uint64_t number = bulkhead_thread_find(ledger(), thread);
  return detached(number, __real_thrd_detach(thread));
}
