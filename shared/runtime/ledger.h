/* The ledger: what a module's own code acquired and did not give back yet, per loaded module.
 *
 * Module code is linked with hooks (shared/hooks): shims put in front of libc's functions by the linker's --wrap. They
 * are thin: each finds its module's ledger, calls libc, and tells the ledger. Everything else is here, in the one copy
 * of the runtime that host, worker and all modules share, so that what a module left behind can be released after its
 * code is gone.
 *
 * Who calls what
 *  - the loader opens a ledger for the addresses of a module before any code of it runs, asks it, has it cleaned, and
 *    closes it once the module is unmapped;
 *  - hooks find it by an address inside their module and record. Where nobody keeps one (in a worker, and in a module
 * that Bulkhead did not load) they get one that takes no note of anything: every hook is libc's function then.
 *
 * Threads: everything may be called from any thread, except bulkhead_ledger_close beside any use of that ledger. No
 * function throws; recorders keep errno as libc left it. Entries are copies: texts in them live as long as the visit.
 */
#ifndef BULKHEAD_RUNTIME_LEDGER_H
#define BULKHEAD_RUNTIME_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BulkheadLedger BulkheadLedger;

/* What can be acquired. `key` says what tells one entry of the kind from another. */
enum BulkheadLedgerKind {
  BULKHEAD_LEDGER_HEAP,           /* key: address */
  BULKHEAD_LEDGER_THREAD,         /* key: thread id (gettid) */
  BULKHEAD_LEDGER_TLS_DESTRUCTOR, /* key: address of the object */
  BULKHEAD_LEDGER_THREAD_KEY,     /* key: pthread_key_t */
  BULKHEAD_LEDGER_DESCRIPTOR,     /* key: descriptor */
  BULKHEAD_LEDGER_STREAM,         /* key: FILE*; popen's too */
  BULKHEAD_LEDGER_DIRECTORY,      /* key: DIR* */
  BULKHEAD_LEDGER_MAPPING,        /* key: address; bytes: length */
  BULKHEAD_LEDGER_SIGNAL_HANDLER, /* key: signal number */
  BULKHEAD_LEDGER_TIMER,          /* key: timer_t; also the interval timers of setitimer and alarm */
  BULKHEAD_LEDGER_EXIT_HANDLER,   /* key: a number of its own; on_exit; libc itself lets go of atexit's */
  BULKHEAD_LEDGER_LIBRARY,        /* key: handle of dlopen */
  BULKHEAD_LEDGER_KINDS
};

typedef struct BulkheadLedgerEntry {
  uint64_t key;
  uint64_t bytes;   /* heap and mappings; else 0 */
  const void* site; /* return address of the call that acquired it, inside the module; may be NULL */
  const char* call; /* "malloc", "open", "pthread_create", ...; never NULL */
  const char* text; /* more, for people: a path, a thread's name, an address; may be NULL */
  uint32_t kind;
} BulkheadLedgerEntry;

/* A free of what the module did not allocate, or freed before: one for each call site and sort. */
typedef struct BulkheadBadFree {
  const void* site;    /* return address of the first such call */
  const void* pointer; /* of the first such call */
  uint64_t count;
  uint32_t is_double; /* 1: freed before; 0: foreign */
} BulkheadBadFree;

typedef struct BulkheadLedgerTotals {
  uint64_t count[BULKHEAD_LEDGER_KINDS]; /* held now */
  uint64_t bytes[BULKHEAD_LEDGER_KINDS];
  uint64_t foreign_frees, double_frees; /* so far */
} BulkheadLedgerTotals;

/* ---- the loader's side */

typedef struct BulkheadLedgerOptions {
  uintptr_t begin, end;       /* the module's addresses */
  uint32_t abort_on_bad_free; /* 1: a foreign or double free aborts the process, after a line on standard error */
} BulkheadLedgerOptions;

/* A ledger for a module whose code has not run yet. NULL without memory for it. */
BulkheadLedger* bulkhead_ledger_open(const BulkheadLedgerOptions* options);

/* Whether the module has hooks: something asked for its ledger. Without, an empty ledger says nothing. */
int bulkhead_ledger_is_used(const BulkheadLedger* ledger);

void bulkhead_ledger_totals(BulkheadLedger* ledger, BulkheadLedgerTotals* totals);

/* Shows the entries of one kind, oldest first where the kind has an order. `visit` must not come back to this ledger.
 * Heap: the module's threads wait meanwhile, if they allocate. */
void bulkhead_ledger_visit(BulkheadLedger* ledger, uint32_t kind,
                           void (*visit)(void* context, const BulkheadLedgerEntry* entry), void* context);
void bulkhead_ledger_bad_frees(BulkheadLedger* ledger, void (*visit)(void* context, const BulkheadBadFree* bad),
                               void* context);

/* Runs the TLS destructors of the module's objects in all live threads, newest first, on the calling thread, until none
 * is left. No other code of the module may run. Returns how many ran. */
uint64_t bulkhead_ledger_run_tls_destructors(BulkheadLedger* ledger);

/* Runs the module's destructors of static objects and its atexit functions (__cxa_finalize). Once. */
void bulkhead_ledger_finalize(BulkheadLedger* ledger);

/* Releases the entries of one kind, newest first: closes, unmaps, deletes, restores. No code of the module may run from
 * here on. Heap is released by bulkhead_ledger_close, threads never. Returns how many there were. */
uint64_t bulkhead_ledger_clean(BulkheadLedger* ledger, uint32_t kind);

/* The module is unmapped: frees its heap in bulk and the ledger. */
void bulkhead_ledger_close(BulkheadLedger* ledger);

/* ---- the hooks' side */

/* The ledger of the module whose __dso_handle this is; never NULL: see above. Hooks keep it, it stays valid as long as
 * their module. */
BulkheadLedger* bulkhead_ledger_of(void* dso);

/* Notes that something was acquired, or given back: false if it is not in the ledger. `text` is copied. */
void bulkhead_ledger_add(BulkheadLedger* ledger, const BulkheadLedgerEntry* entry);
int bulkhead_ledger_remove(BulkheadLedger* ledger, uint32_t kind, uint64_t key);

#ifdef __cplusplus
}
#endif
#endif
