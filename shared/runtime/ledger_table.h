/* Inside the runtime: a ledger's parts. */
#ifndef BULKHEAD_RUNTIME_LEDGER_TABLE_H
#define BULKHEAD_RUNTIME_LEDGER_TABLE_H

#include "shared/runtime/ledger.h"

#include <pthread.h>
#include <stdint.h>

#define BULKHEAD_LEDGER_BUCKETS 256

/* One entry of any kind but heap, threads and TLS destructors, which have stores of their own. */
typedef struct LedgerNode {
  struct LedgerNode* older;
  struct LedgerNode* newer;
  struct LedgerNode* same_bucket;
  BulkheadLedgerEntry entry; /* `text` points behind the node */
  uint64_t device, inode;    /* of a descriptor, so that another file under its number is told apart */
} LedgerNode;

typedef struct LedgerBadFree {
  struct LedgerBadFree* next;
  BulkheadBadFree bad;
} LedgerBadFree;

struct HeapStore;
struct ThreadStore;
struct TlsStore;

struct BulkheadLedger {
  BulkheadLedger* next; /* of all open ledgers */
  uintptr_t begin, end;
  void* dso;        /* NULL until a hook asked */
  uint32_t index;   /* small, unique among open ledgers: threads keep arrays by it */
  uint32_t is_none; /* takes no note */
  uint32_t abort_on_bad_free;
  uint64_t heap_serial; /* of all heaps that ever were; 0: none */

  pthread_mutex_t mutex; /* for all below, except where a store says otherwise */
  LedgerNode* oldest[BULKHEAD_LEDGER_KINDS];
  LedgerNode* newest[BULKHEAD_LEDGER_KINDS];
  LedgerNode* buckets[BULKHEAD_LEDGER_BUCKETS];
  uint64_t count[BULKHEAD_LEDGER_KINDS];
  uint64_t bytes[BULKHEAD_LEDGER_KINDS];
  LedgerBadFree* bad_frees;
  uint64_t foreign_frees, double_frees;

  struct HeapStore* heap;      /* heap.c */
  struct ThreadStore* threads; /* threads.c */
  struct TlsStore* tls;        /* tls_destructors.c */
};

/* The node of an entry, or NULL; with the mutex held. */
LedgerNode* ledger_find(BulkheadLedger* ledger, uint32_t kind, uint64_t key);
/* Puts a node in, as the newest of its kind. With the mutex held. */
void ledger_link(BulkheadLedger* ledger, LedgerNode* node);
/* Takes a node out of the tables; the caller frees it. With the mutex held. */
void ledger_unlink(BulkheadLedger* ledger, LedgerNode* node);
/* Reports a bad free: counts it per call site, aborts where the ledger says so. Without the mutex. */
void ledger_bad_free(BulkheadLedger* ledger, const void* pointer, const void* site, int is_double);

/* Stores with data structures of their own. `make` fails by false; a ledger whose making failed is not used. `end` runs
 * when the module is unmapped and frees everything. Totals and visits as in ledger.h. */
int heap_make(BulkheadLedger* ledger);
void heap_totals(BulkheadLedger* ledger, uint64_t* count, uint64_t* bytes);
void heap_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context);
void heap_end(BulkheadLedger* ledger);

int threads_make(BulkheadLedger* ledger);
void threads_totals(BulkheadLedger* ledger, uint64_t* count, uint64_t* bytes);
void threads_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context);
void threads_end(BulkheadLedger* ledger);

int tls_make(BulkheadLedger* ledger);
void tls_totals(BulkheadLedger* ledger, uint64_t* count, uint64_t* bytes);
void tls_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context);
uint64_t tls_run(BulkheadLedger* ledger);
void tls_end(BulkheadLedger* ledger);

/* Actions of signals have a store of their own (signals.c) for all ledgers together. `leave` takes the module's out of
 * use and returns how many there were. */
uint64_t signals_count(const BulkheadLedger* ledger);
void signals_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context);
uint64_t signals_leave(const BulkheadLedger* ledger);

/* Releases one resource (resources.c): what bulkhead_ledger_clean does for each entry it takes out. */
void resource_release(const LedgerNode* node);

#endif
