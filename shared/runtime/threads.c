/* Which threads a module has.
 *
 * A thread is gone when the kernel has no task of its number any more: only then is it certain that it is in no code of
 * the module, not in a destructor of a pthread key either. A pthread key notes when a thread begins to end, so that its
 * number given to a task that started later is not taken for it. */
#include "shared/runtime/threads.h"

#include "shared/runtime/ledger_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

typedef struct ThreadRecord {
  struct ThreadRecord* older;
  struct ThreadRecord* newer;
  BulkheadLedger* ledger; /* NULL: closed before this thread ended, which frees the record itself then */
  BulkheadThreadStart start;
  uint64_t number;
  pthread_t handle;
  int32_t tid; /* 0 until it runs */
  uint32_t is_detached;
  uint32_t is_ending;
  uint64_t ending_ticks; /* when that began */
} ThreadRecord;          /* the name is behind it */

struct ThreadStore {
  ThreadRecord* oldest;
  ThreadRecord* newest;
};

/* For the records of all ledgers. Held while a thread is made, too: so nobody meets a record without its handle. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_number;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int has_key;

/* ---- is it gone? */

/* Since boot, as /proc counts. */
static uint64_t ticks_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  const uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);
  return (uint64_t)now.tv_sec * per_second + (uint64_t)now.tv_nsec * per_second / UINT64_C(1000000000);
}

/* What /proc/self/task/TID/`name` says; empty if it cannot be read. */
static void read_task(int32_t tid, const char* name, char* text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/%s", tid, name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = file >= 0 ? read(file, text, size - 1) : 0;
  text[got > 0 ? got : 0] = '\0';
  if (file >= 0) close(file);
}

/* When the task started, in ticks; 0 if unknown. */
static uint64_t start_of(int32_t tid) {
  char text[512];
  read_task(tid, "stat", text, sizeof text);
  const char* field = strrchr(text, ')'); /* field 2 ends here, whatever is in it */
  for (int at = 2; field != NULL && at < 22; ++at) field = strchr(field + 1, ' ');
  return field != NULL ? strtoull(field, NULL, 10) : 0;
}

static int task_exists(int32_t tid) { return syscall(SYS_tgkill, getpid(), tid, 0) == 0 || errno != ESRCH; }

static int is_gone(const ThreadRecord* record) {
  if (record->tid == 0) return 0;
  if (!task_exists(record->tid)) return 1;
  return record->is_ending && start_of(record->tid) > record->ending_ticks;
}

/* ---- records; all with the mutex held */

static void link_record(BulkheadLedger* ledger, ThreadRecord* record) {
  struct ThreadStore* const store = ledger->threads;
  record->ledger = ledger;
  record->newer = NULL;
  record->older = store->newest;
  *(record->older != NULL ? &record->older->newer : &store->oldest) = record;
  store->newest = record;
}

static void unlink_record(ThreadRecord* record) {
  struct ThreadStore* const store = record->ledger->threads;
  *(record->older != NULL ? &record->older->newer : &store->oldest) = record->newer;
  *(record->newer != NULL ? &record->newer->older : &store->newest) = record->older;
  record->ledger = NULL;
}

static void drop(ThreadRecord* record) {
  if (record == NULL) return;
  unlink_record(record);
  free(record);
}

static void drop_gone(BulkheadLedger* ledger) {
  for (ThreadRecord* record = ledger->threads->oldest; record != NULL;) {
    ThreadRecord* const next = record->newer;
    if (is_gone(record)) drop(record);
    record = next;
  }
}

static ThreadRecord* with_handle(BulkheadLedger* ledger, pthread_t handle) {
  ThreadRecord* record = ledger->threads->newest;
  while (record != NULL && !pthread_equal(record->handle, handle)) record = record->older;
  return record;
}

static ThreadRecord* with_number(BulkheadLedger* ledger, uint64_t number) {
  ThreadRecord* record = ledger->threads->newest;
  while (record != NULL && record->number != number) record = record->older;
  return record;
}

/* ---- a thread's life */

/* Runs as the destructor of the key, after the TLS destructors, however the thread ends. */
static void on_ending(void* argument) {
  ThreadRecord* const record = argument;
  pthread_mutex_lock(&mutex);
  record->ending_ticks = ticks_now();
  record->is_ending = 1;
  const int is_orphan = record->ledger == NULL;
  pthread_mutex_unlock(&mutex);
  if (is_orphan) free(record);
}

static void make_key(void) { has_key = pthread_key_create(&key, &on_ending) == 0; }

/* The process ends, or whoever needed the runtime was unloaded; threads of modules are gone then. */
__attribute__((destructor)) static void delete_key(void) {
  if (has_key) pthread_key_delete(key);
}

/* In the runtime, so that the first and last frame of a thread outlive the module. Has nothing to clean up: a thread
 * may leave it by pthread_exit. */
static void* run_thread(void* argument) {
  ThreadRecord* const record = argument;
  const BulkheadThreadStart start = record->start;
  pthread_setspecific(key, record); /* without memory for it only the end itself is noticed */
  pthread_mutex_lock(&mutex);
  record->tid = gettid();
  pthread_mutex_unlock(&mutex);
  return start.run != NULL ? start.run(start.argument) : (void*)(intptr_t)start.run_c11(start.argument);
}

static int create_unnoted(pthread_t* thread, const pthread_attr_t* attributes, const BulkheadThreadStart* start) {
  if (start->run != NULL) return pthread_create(thread, attributes, start->run, start->argument);
  switch (thrd_create(thread, start->run_c11, start->argument)) {
    case thrd_success: return 0;
    case thrd_nomem: return ENOMEM;
    default: return EAGAIN;
  }
}

static ThreadRecord* make_record(const pthread_attr_t* attributes, const BulkheadThreadStart* start) {
  const size_t name_size = start->name != NULL ? strlen(start->name) + 1 : 0;
  ThreadRecord* const record = malloc(sizeof *record + name_size);
  if (record == NULL) return NULL;
  memset(record, 0, sizeof *record);
  record->start = *start;
  if (name_size != 0) record->start.name = memcpy(record + 1, start->name, name_size);
  int state = PTHREAD_CREATE_JOINABLE;
  if (attributes != NULL) pthread_attr_getdetachstate(attributes, &state);
  record->is_detached = state == PTHREAD_CREATE_DETACHED;
  return record;
}

/* With the mutex held. */
static int create_noted(BulkheadLedger* ledger, pthread_t* thread, const pthread_attr_t* attributes,
                        ThreadRecord* record) {
  record->number = ++last_number;
  const int failure = pthread_create(thread, attributes, &run_thread, record);
  if (failure != 0) return failure;
  drop(with_handle(ledger, *thread)); /* whoever had this handle is gone */
  record->handle = *thread;
  link_record(ledger, record);
  return 0;
}

PUBLIC int bulkhead_thread_create(BulkheadLedger* ledger, pthread_t* thread, const pthread_attr_t* attributes,
                                  const BulkheadThreadStart* start) {
  if (ledger->is_none) return create_unnoted(thread, attributes, start);
  ThreadRecord* const record = make_record(attributes, start);
  if (record == NULL) return EAGAIN;
  pthread_mutex_lock(&mutex);
  const int failure = create_noted(ledger, thread, attributes, record);
  pthread_mutex_unlock(&mutex);
  if (failure != 0) free(record);
  return failure;
}

PUBLIC uint64_t bulkhead_thread_find(BulkheadLedger* ledger, pthread_t thread) {
  if (ledger->is_none) return 0;
  pthread_mutex_lock(&mutex);
  const ThreadRecord* const record = with_handle(ledger, thread);
  const uint64_t number = record != NULL ? record->number : 0;
  pthread_mutex_unlock(&mutex);
  return number;
}

PUBLIC void bulkhead_thread_detached(BulkheadLedger* ledger, uint64_t number) {
  if (number == 0) return;
  pthread_mutex_lock(&mutex);
  ThreadRecord* const record = with_number(ledger, number);
  if (record != NULL) record->is_detached = 1;
  pthread_mutex_unlock(&mutex);
}

PUBLIC void bulkhead_thread_joined(BulkheadLedger* ledger, uint64_t number) {
  if (number == 0) return;
  pthread_mutex_lock(&mutex);
  drop(with_number(ledger, number));
  pthread_mutex_unlock(&mutex);
}

/* ---- questions */

static void show(const ThreadRecord* record, void (*visit)(void*, const BulkheadThread*), void* context) {
  char comm[32] = "";
  if (record->tid != 0) read_task(record->tid, "comm", comm, sizeof comm);
  comm[strcspn(comm, "\n")] = '\0';
  const BulkheadThread thread = {.tid = record->tid,
                                 .detached = record->is_detached,
                                 .ending = record->is_ending,
                                 .start = record->start.shown,
                                 .name = record->start.name,
                                 .comm = comm,
                                 .call = record->start.call,
                                 .site = record->start.site};
  visit(context, &thread);
}

PUBLIC void bulkhead_ledger_threads(BulkheadLedger* ledger, void (*visit)(void* context, const BulkheadThread* thread),
                                    void* context) {
  if (ledger->threads == NULL) return;
  pthread_mutex_lock(&mutex);
  drop_gone(ledger);
  for (const ThreadRecord* record = ledger->threads->oldest; record != NULL; record = record->newer) {
    show(record, visit, context);
  }
  pthread_mutex_unlock(&mutex);
}

typedef struct EntryVisit {
  void (*visit)(void*, const BulkheadLedgerEntry*);
  void* context;
} EntryVisit;

static void show_entry(void* context, const BulkheadThread* thread) {
  const EntryVisit* const to = context;
  char text[512];
  snprintf(text, sizeof text, "%s%s%s", thread->comm, thread->name != NULL ? ": " : "",
           thread->name != NULL ? thread->name : "");
  const BulkheadLedgerEntry entry = {.key = (uint64_t)thread->tid,
                                     .site = thread->site,
                                     .call = thread->call,
                                     .text = text,
                                     .kind = BULKHEAD_LEDGER_THREAD};
  to->visit(to->context, &entry);
}

void threads_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context) {
  EntryVisit to = {visit, context};
  bulkhead_ledger_threads(ledger, &show_entry, &to);
}

void threads_totals(BulkheadLedger* ledger, uint64_t* count, uint64_t* bytes) {
  *count = *bytes = 0;
  if (ledger->threads == NULL) return;
  pthread_mutex_lock(&mutex);
  drop_gone(ledger);
  for (const ThreadRecord* record = ledger->threads->oldest; record != NULL; record = record->newer) *count += 1;
  pthread_mutex_unlock(&mutex);
}

/* ---- the store */

int threads_make(BulkheadLedger* ledger) {
  pthread_once(&key_once, &make_key);
  if (has_key) ledger->threads = calloc(1, sizeof *ledger->threads);
  return ledger->threads != NULL;
}

void threads_end(BulkheadLedger* ledger) {
  if (ledger->threads == NULL) return;
  pthread_mutex_lock(&mutex);
  drop_gone(ledger);
  while (ledger->threads->oldest != NULL) {
    ThreadRecord* const record = ledger->threads->oldest;
    const uint32_t is_ending = record->is_ending; /* and will not look at its record again */
    unlink_record(record);
    if (is_ending) free(record);
  }
  pthread_mutex_unlock(&mutex);
  free(ledger->threads);
  ledger->threads = NULL;
}
