/* Threads and thread-local objects of modules. */
#ifndef BULKHEAD_RUNTIME_THREADS_H
#define BULKHEAD_RUNTIME_THREADS_H

#include "shared/runtime/ledger.h"

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a new thread runs, and what people are told of it. */
typedef struct BulkheadThreadStart {
  void* (*run)(void* argument);
  int (*run_c11)(void* argument); /* instead of `run`: as thrd_create wants it */
  void* argument;
  const void* shown; /* its start function, for people: where `run` is only a shim */
  const char* name;  /* what runs there, for people (a type's mangled name, say), or NULL; copied */
  const char* call;  /* "pthread_create", ...; stays valid as long as the module */
  const void* site;  /* where it was created */
} BulkheadThreadStart;

/* pthread_create for a module: the thread is in the ledger until the kernel has no such task any more, or until it was
 * joined. Returns what pthread_create returns. */
int bulkhead_thread_create(BulkheadLedger* ledger, pthread_t* thread, const pthread_attr_t* attributes,
                           const BulkheadThreadStart* start);

/* A number of the thread's own, 0 if the ledger does not have it. To be asked for before a join or a detach: afterwards
 * another thread may have the same pthread_t. */
uint64_t bulkhead_thread_find(BulkheadLedger* ledger, pthread_t thread);
void bulkhead_thread_detached(BulkheadLedger* ledger, uint64_t number);
void bulkhead_thread_joined(BulkheadLedger* ledger, uint64_t number);

/* Runs `destroy(object)` at the exit of the calling thread, in its turn among all thread_locals, or before by
 * bulkhead_ledger_run_tls_destructors: once. `dso` is the module's __dso_handle. Without a ledger or memory for an
 * entry this is glibc's own, which keeps the module mapped until the thread ends. Returns 0. */
int bulkhead_tls_destructor(BulkheadLedger* ledger, void (*destroy)(void*), void* object, void* dso, const void* site);

/* One thread of a module, as an unload asks: `detached` threads are joined by nobody. */
typedef struct BulkheadThread {
  int32_t tid; /* 0: it has not run yet */
  uint32_t detached;
  uint32_t ending;   /* its start function and its TLS destructors are done */
  const void* start; /* its start function */
  const char* name;  /* what the module called it at its start, or NULL */
  const char* comm;  /* what the kernel calls it (pthread_setname_np); empty if it does not say */
  const char* call;  /* what created it, */
  const void* site;  /* and from where */
} BulkheadThread;

/* Shows the module's threads that live, oldest first. `visit` must not come back to a ledger. Threads that start or end
 * wait meanwhile. */
void bulkhead_ledger_threads(BulkheadLedger* ledger, void (*visit)(void* context, const BulkheadThread* thread),
                             void* context);

#ifdef __cplusplus
}
#endif
#endif
