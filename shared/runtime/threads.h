/* Threads and thread-local objects of modules. */
#ifndef BULKHEAD_RUNTIME_THREADS_H
#define BULKHEAD_RUNTIME_THREADS_H

#include "shared/runtime/ledger.h"

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif

/* pthread_create for a module: the thread is in the ledger until the kernel has no such task any more. `name` says what
 * runs there, for people (a type, say), or is NULL. Returns what pthread_create returns. */
int bulkhead_thread_create(BulkheadLedger* ledger, pthread_t* thread, const pthread_attr_t* attributes,
                           void* (*start)(void*), void* argument, const char* name, const void* site);

/* The thread will not be joined. */
void bulkhead_thread_detached(BulkheadLedger* ledger, pthread_t thread);

/* Runs `destroy(object)` at the exit of the calling thread, newest first, or before by
 * bulkhead_ledger_run_tls_destructors. */
void bulkhead_tls_destructor(BulkheadLedger* ledger, void (*destroy)(void*), void* object, const void* site);

/* One thread of a module, as an unload asks: `detached` threads are joined by nobody. */
typedef struct BulkheadThread {
  int32_t tid;
  uint32_t detached;
  const void* start; /* its start function */
  const char* name;  /* what the module called it at its start, or NULL */
  const void* site;  /* where it was created */
} BulkheadThread;

/* Shows the module's threads that live, oldest first. `visit` must not come back to this ledger. */
void bulkhead_ledger_threads(BulkheadLedger* ledger, void (*visit)(void* context, const BulkheadThread* thread),
                             void* context);

#ifdef __cplusplus
}
#endif
#endif
