/* Destructors of modules' thread_local objects.
 *
 * glibc keeps a module mapped while a thread has such a destructor to run. So modules do not register them there: they
 * are kept here, one list for each thread, and glibc only knows tickets, which belong to the runtime. A ticket means
 * "destroy the newest of this thread's objects". A thread has at least as many tickets as objects, and takes one with
 * each object, so its objects are destroyed in their turn among the thread_locals of all others.
 *
 * bulkhead_ledger_run_tls_destructors takes objects out of the lists of all threads, and leaves their tickets, to be
 * used again for objects to come. What is taken out under the mutex is destroyed once, by who took it; and nothing in
 * glibc or in a list refers to a module after its last object was taken out: no destructor can run after an unload. */
#include "shared/runtime/ledger_table.h"
#include "shared/runtime/threads.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

extern int __cxa_thread_atexit_impl(void (*destroy)(void*), void* object, void* dso);
extern __attribute__((visibility("hidden"))) void* __dso_handle;

typedef struct TlsEntry {
  struct TlsEntry* older;
  BulkheadLedger* ledger;
  void (*destroy)(void*);
  void* object;
  const void* site;
} TlsEntry;

typedef struct TlsThread {
  struct TlsThread* next; /* among the threads that have entries */
  TlsEntry* newest;
  uint64_t entries;
  uint64_t tickets; /* of this thread alone: needs no mutex */
  uint32_t rounds;  /* so; of the key's destructor */
  int32_t tid;
} TlsThread;

struct TlsStore {
  uint64_t held;
  uint64_t running; /* destructors that threads are running */
};

/* For the lists of all threads and ledgers. Never held around glibc's functions for thread_locals: they take the
 * loader's lock, under which modules are constructed. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ran = PTHREAD_COND_INITIALIZER;
static TlsThread* threads;
static _Thread_local TlsThread self;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int has_key;

/* Objects made by destructors of pthread keys are destroyed in the rounds of those, but not in the last: there
 * sanitizers end their idea of the thread. What is made later is not destroyed, as with glibc. */
#define LAST_ROUND (PTHREAD_DESTRUCTOR_ITERATIONS - 1)

/* ---- lists, with the mutex held */

static void link_thread(TlsThread* thread) {
  thread->next = threads;
  threads = thread;
}

static void unlink_thread(TlsThread* thread) {
  TlsThread** link = &threads;
  while (*link != thread) link = &(*link)->next;
  *link = thread->next;
}

static void push(TlsThread* thread, TlsEntry* entry) {
  if (thread->entries++ == 0) link_thread(thread);
  entry->older = thread->newest;
  thread->newest = entry;
  entry->ledger->tls->held += 1;
}

/* The thread's newest, of one ledger or (NULL) of any; NULL if there is none. */
static TlsEntry* take(TlsThread* thread, const BulkheadLedger* ledger) {
  TlsEntry** link = &thread->newest;
  while (*link != NULL && ledger != NULL && (*link)->ledger != ledger) link = &(*link)->older;
  TlsEntry* const entry = *link;
  if (entry == NULL) return NULL;
  *link = entry->older;
  if (--thread->entries == 0) unlink_thread(thread);
  entry->ledger->tls->held -= 1;
  return entry;
}

static TlsEntry* take_of_any_thread(const BulkheadLedger* ledger) {
  TlsEntry* entry = NULL;
  for (TlsThread* thread = threads; thread != NULL && entry == NULL;) {
    TlsThread* const next = thread->next; /* it may be unlinked */
    entry = take(thread, ledger);
    thread = next;
  }
  return entry;
}

/* With the mutex held, but not while the destructor runs. */
static void destroy(TlsEntry* entry) {
  struct TlsStore* const store = entry->ledger->tls;
  store->running += 1;
  pthread_mutex_unlock(&mutex);
  entry->destroy(entry->object);
  free(entry);
  pthread_mutex_lock(&mutex);
  store->running -= 1;
  pthread_cond_broadcast(&ran);
}

/* ---- a thread's exit */

static void use_ticket(void* unused) {
  (void)unused;
  self.tickets -= 1;
  pthread_mutex_lock(&mutex);
  TlsEntry* const entry = take(&self, NULL);
  if (entry != NULL) destroy(entry);
  pthread_mutex_unlock(&mutex);
}

static void on_round(void* unused) {
  pthread_mutex_lock(&mutex);
  for (TlsEntry* entry; (entry = take(&self, NULL)) != NULL;) destroy(entry);
  pthread_mutex_unlock(&mutex);
  if (++self.rounds < LAST_ROUND) pthread_setspecific(key, unused);
}

static void make_key(void) { has_key = pthread_key_create(&key, &on_round) == 0; }

__attribute__((destructor)) static void delete_key(void) {
  if (has_key) pthread_key_delete(key);
}

/* ---- a new object */

/* Makes this thread ready for one more entry. False without memory for that. */
static int prepare(void) {
  if (pthread_setspecific(key, &self) != 0) return 0;
  self.tid = gettid();
  pthread_mutex_lock(&mutex);
  const uint64_t entries = self.entries;
  pthread_mutex_unlock(&mutex);
  if (self.tickets > entries) return 1; /* others only take entries out */
  if (__cxa_thread_atexit_impl(&use_ticket, NULL, &__dso_handle) != 0) return 0;
  self.tickets += 1;
  return 1;
}

PUBLIC int bulkhead_tls_destructor(BulkheadLedger* ledger, void (*function)(void*), void* object, void* dso,
                                   const void* site) {
  if (ledger->is_none) return __cxa_thread_atexit_impl(function, object, dso);
  if (self.rounds >= LAST_ROUND) return 0;
  TlsEntry* const entry = malloc(sizeof *entry);
  if (entry == NULL || !prepare()) {
    free(entry);
    return __cxa_thread_atexit_impl(function, object, dso);
  }
  *entry = (TlsEntry){.ledger = ledger, .destroy = function, .object = object, .site = site};
  pthread_mutex_lock(&mutex);
  push(&self, entry);
  pthread_mutex_unlock(&mutex);
  return 0;
}

/* ---- the loader's side */

uint64_t tls_run(BulkheadLedger* ledger) {
  uint64_t count = 0;
  pthread_mutex_lock(&mutex);
  for (;;) {
    TlsEntry* const entry = take_of_any_thread(ledger);
    if (entry != NULL) {
      destroy(entry);
      ++count;
    } else if (ledger->tls->running != 0) {
      pthread_cond_wait(&ran, &mutex); /* a thread that exits just now; what it destroys may make more */
    } else {
      break;
    }
  }
  pthread_mutex_unlock(&mutex);
  return count;
}

void tls_totals(BulkheadLedger* ledger, uint64_t* count, uint64_t* bytes) {
  *count = *bytes = 0;
  if (ledger->tls == NULL) return;
  pthread_mutex_lock(&mutex);
  *count = ledger->tls->held;
  pthread_mutex_unlock(&mutex);
}

static void show(const TlsThread* thread, const TlsEntry* entry, void (*visit)(void*, const BulkheadLedgerEntry*),
                 void* context) {
  char text[64];
  snprintf(text, sizeof text, "of thread %d", thread->tid);
  const BulkheadLedgerEntry shown = {.key = (uintptr_t)entry->object,
                                     .site = entry->site,
                                     .call = "thread_local",
                                     .text = text,
                                     .kind = BULKHEAD_LEDGER_TLS_DESTRUCTOR};
  visit(context, &shown);
}

void tls_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context) {
  pthread_mutex_lock(&mutex);
  for (const TlsThread* thread = threads; thread != NULL; thread = thread->next) {
    for (const TlsEntry* entry = thread->newest; entry != NULL; entry = entry->older) {
      if (entry->ledger == ledger) show(thread, entry, visit, context);
    }
  }
  pthread_mutex_unlock(&mutex);
}

int tls_make(BulkheadLedger* ledger) {
  pthread_once(&key_once, &make_key);
  if (has_key) ledger->tls = calloc(1, sizeof *ledger->tls);
  return ledger->tls != NULL;
}

void tls_end(BulkheadLedger* ledger) {
  if (ledger->tls == NULL) return;
  pthread_mutex_lock(&mutex);
  /* The code of what was not run is unmapped. */
  for (TlsEntry* entry; (entry = take_of_any_thread(ledger)) != NULL;) free(entry);
  while (ledger->tls->running != 0) pthread_cond_wait(&ran, &mutex);
  pthread_mutex_unlock(&mutex);
  free(ledger->tls);
  ledger->tls = NULL;
}
