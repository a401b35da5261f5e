#include "shared/runtime/resources.h"

#include "shared/runtime/ledger_table.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

extern int __cxa_atexit(void (*function)(void*), void* argument, void* dso);

PUBLIC int bulkhead_ledger_takes_notes(const BulkheadLedger* ledger) { return !ledger->is_none; }

PUBLIC int bulkhead_ledger_holds(BulkheadLedger* ledger, uint32_t kind, uint64_t key) {
  if (ledger->is_none) return 0;
  pthread_mutex_lock(&ledger->mutex);
  const int holds = ledger_find(ledger, kind, key) != NULL;
  pthread_mutex_unlock(&ledger->mutex);
  return holds;
}

PUBLIC void bulkhead_ledger_remove_range(BulkheadLedger* ledger, uint32_t kind, uint64_t first, uint64_t last) {
  if (ledger->is_none) return;
  const int saved = errno;
  LedgerNode* taken = NULL;
  pthread_mutex_lock(&ledger->mutex);
  for (LedgerNode* node = ledger->oldest[kind]; node != NULL;) {
    LedgerNode* const next = node->newer;
    if (node->entry.key >= first && node->entry.key <= last) {
      ledger_unlink(ledger, node);
      node->newer = taken;
      taken = node;
    }
    node = next;
  }
  pthread_mutex_unlock(&ledger->mutex);
  while (taken != NULL) {
    LedgerNode* const node = taken;
    taken = node->newer;
    free(node);
  }
  errno = saved;
}

/* ---- what libc keeps of a module */

typedef struct ExitHandler {
  BulkheadLedger* ledger;
  uint64_t key;
  void (*function)(int, void*);
  void* argument;
} ExitHandler;

static void run_exit_handler(void* context) {
  const ExitHandler handler = *(ExitHandler*)context;
  free(context);
  bulkhead_ledger_remove(handler.ledger, BULKHEAD_LEDGER_EXIT_HANDLER, handler.key);
  handler.function(0, handler.argument);
}

PUBLIC int bulkhead_exit_handler(BulkheadLedger* ledger, void* dso, void (*function)(int, void*), void* argument,
                                 const void* site, const char* call) {
  static uint64_t last_key;
  ExitHandler* const handler = malloc(sizeof *handler);
  if (handler == NULL) return -1;
  const uint64_t key = __atomic_add_fetch(&last_key, 1, __ATOMIC_RELAXED);
  *handler = (ExitHandler){ledger, key, function, argument};
  if (__cxa_atexit(&run_exit_handler, handler, dso) != 0) {
    free(handler);
    return -1;
  }
  const BulkheadLedgerEntry entry = {.key = key, .site = site, .call = call, .kind = BULKHEAD_LEDGER_EXIT_HANDLER};
  bulkhead_ledger_add(ledger, &entry);
  return 0;
}

PUBLIC int bulkhead_environment_put(const char* variable) {
  const char* const equals = strchr(variable, '=');
  if (equals == NULL) return unsetenv(variable);
  char* const name = strndup(variable, (size_t)(equals - variable));
  const int result = name != NULL ? setenv(name, equals + 1, 1) : -1;
  free(name);
  return result;
}

/* ---- release */

/* Its number may stand for another file by now, which somebody else opened after somebody else closed this one. What
 * the kernel makes of nothing (eventfd, epoll, timerfd, ...) looks alike: bulkhead::release is for that. */
static void close_descriptor(const LedgerNode* node) {
  struct stat status;
  const int descriptor = (int)node->entry.key;
  if (fstat(descriptor, &status) != 0) return;
  if (status.st_dev == node->device && status.st_ino == node->inode) close(descriptor);
}

/* A pclose under way: of the thread that waits for the child and of the one that waits for the thread. */
typedef struct ProcessEnd {
  FILE* stream;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  uint32_t is_over, is_left; /* whoever is second frees it */
} ProcessEnd;

static void free_end(ProcessEnd* end) {
  pthread_cond_destroy(&end->changed);
  pthread_mutex_destroy(&end->mutex);
  free(end);
}

static void* close_process(void* argument) {
  ProcessEnd* const end = argument;
  pclose(end->stream);
  pthread_mutex_lock(&end->mutex);
  end->is_over = 1;
  const uint32_t is_left = end->is_left;
  pthread_cond_signal(&end->changed);
  pthread_mutex_unlock(&end->mutex);
  if (is_left) free_end(end);
  return NULL;
}

static ProcessEnd* make_end(FILE* stream) {
  ProcessEnd* const end = calloc(1, sizeof *end);
  if (end == NULL) return NULL;
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&end->mutex, NULL);
  pthread_cond_init(&end->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  end->stream = stream;
  return end;
}

static int start_detached(void* (*run)(void*), void* argument) {
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all;
  sigset_t blocked;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &blocked);
  const int failed = pthread_create(&thread, &attributes, run, argument);
  pthread_sigmask(SIG_SETMASK, &blocked, NULL);
  pthread_attr_destroy(&attributes);
  return failed == 0;
}

/* The child sees the end of its pipe. One that goes on nevertheless is waited for by a thread of the runtime's, until
 * it ends; an unload gives it a second. Without memory or a thread for that the process stays. */
static void end_process(FILE* stream) {
  ProcessEnd* const end = make_end(stream);
  if (end == NULL) return;
  if (!start_detached(&close_process, end)) {
    free_end(end);
    return;
  }
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += 1;
  pthread_mutex_lock(&end->mutex);
  while (!end->is_over && pthread_cond_timedwait(&end->changed, &end->mutex, &until) == 0) continue;
  end->is_left = 1;
  const uint32_t is_over = end->is_over;
  pthread_mutex_unlock(&end->mutex);
  if (is_over) free_end(end);
}

/* What was not flushed is lost: it may be meant for a buffer or a function of the module. The end of a stream into
 * memory would write to variables of the module, wherever they were: it stays. */
static void close_stream(const BulkheadLedgerEntry* entry) {
  FILE* const stream = (FILE*)(uintptr_t)entry->key;
  if (strcmp(entry->call, "popen") == 0) {
    end_process(stream);
  } else if (strcmp(entry->call, "open_memstream") != 0 && strcmp(entry->call, "open_wmemstream") != 0) {
    const int flushes = strcmp(entry->call, "fmemopen") != 0 && strcmp(entry->call, "fopencookie") != 0;
    if (!flushes) __fpurge(stream);
    fclose(stream);
  }
}

static void unmap(const BulkheadLedgerEntry* entry) {
  void* const address = (void*)(uintptr_t)entry->key;
  if (strcmp(entry->call, "shmat") == 0 && shmdt(address) == 0) return;
  munmap(address, entry->bytes);
}

static void delete_timer(uint64_t key) {
  for (int which = ITIMER_REAL; which <= ITIMER_PROF; ++which) {
    const struct itimerval off = {{0, 0}, {0, 0}};
    if (key != BULKHEAD_INTERVAL_TIMER_KEY((uint64_t)(unsigned)which)) continue;
    setitimer((__itimer_which_t)which, &off, NULL);
    return;
  }
  timer_delete((timer_t)(uintptr_t)key);
}

/* Handlers of signals are in signals.c. */
static void disable_alternate_stack(const BulkheadLedgerEntry* entry) {
  char text[64];
  stack_t stack;
  if (entry->key != BULKHEAD_ALTERNATE_STACK_KEY((uint64_t)gettid()) || sigaltstack(NULL, &stack) != 0) return;
  snprintf(text, sizeof text, BULKHEAD_ALTERNATE_STACK_TEXT, stack.ss_sp, (int)gettid());
  const stack_t off = {.ss_sp = NULL, .ss_flags = SS_DISABLE, .ss_size = 0};
  if (entry->text != NULL && strcmp(text, entry->text) == 0) sigaltstack(&off, NULL);
}

void resource_release(const LedgerNode* node) {
  const BulkheadLedgerEntry* const entry = &node->entry;
  void* const pointer = (void*)(uintptr_t)entry->key;
  switch (entry->kind) {
    case BULKHEAD_LEDGER_THREAD_KEY: pthread_key_delete((pthread_key_t)entry->key); break;
    case BULKHEAD_LEDGER_DESCRIPTOR: close_descriptor(node); break;
    case BULKHEAD_LEDGER_STREAM: close_stream(entry); break;
    case BULKHEAD_LEDGER_DIRECTORY: closedir(pointer); break;
    case BULKHEAD_LEDGER_MAPPING: unmap(entry); break;
    case BULKHEAD_LEDGER_SIGNAL_HANDLER: disable_alternate_stack(entry); break;
    case BULKHEAD_LEDGER_TIMER: delete_timer(entry->key); break;
    case BULKHEAD_LEDGER_LIBRARY: dlclose(pointer); break;
    default: break; /* exit handlers run when the module is finalised */
  }
}
