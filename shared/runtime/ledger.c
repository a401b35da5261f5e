#include "shared/runtime/ledger.h"

#include "shared/runtime/ledger_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PUBLIC __attribute__((visibility("default")))

extern void __cxa_finalize(void* dso);

static BulkheadLedger none = {.is_none = 1, .mutex = PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t open_mutex = PTHREAD_MUTEX_INITIALIZER;
static BulkheadLedger* open_ledgers;

/* ---- open ledgers */

/* With open_mutex held. */
static uint32_t free_index(void) {
  for (uint32_t index = 0;; ++index) {
    BulkheadLedger* taken = open_ledgers;
    while (taken != NULL && taken->index != index) taken = taken->next;
    if (taken == NULL) return index;
  }
}

static int make_stores(BulkheadLedger* ledger) { return heap_make(ledger) && threads_make(ledger) && tls_make(ledger); }

static void end_stores(BulkheadLedger* ledger) {
  tls_end(ledger);
  threads_end(ledger);
  heap_end(ledger);
}

PUBLIC BulkheadLedger* bulkhead_ledger_open(const BulkheadLedgerOptions* options) {
  BulkheadLedger* const ledger = calloc(1, sizeof *ledger);
  if (ledger == NULL) return NULL;
  ledger->begin = options->begin;
  ledger->end = options->end;
  ledger->abort_on_bad_free = options->abort_on_bad_free;
  pthread_mutex_init(&ledger->mutex, NULL);
  pthread_mutex_lock(&open_mutex);
  ledger->index = free_index();
  ledger->next = open_ledgers;
  open_ledgers = ledger;
  pthread_mutex_unlock(&open_mutex);
  if (make_stores(ledger)) return ledger;
  bulkhead_ledger_close(ledger);
  return NULL;
}

static void forget(BulkheadLedger* ledger) {
  pthread_mutex_lock(&open_mutex);
  for (BulkheadLedger** link = &open_ledgers; *link != NULL; link = &(*link)->next) {
    if (*link != ledger) continue;
    *link = ledger->next;
    break;
  }
  pthread_mutex_unlock(&open_mutex);
}

PUBLIC void bulkhead_ledger_close(BulkheadLedger* ledger) {
  signals_leave(ledger);
  end_stores(ledger);
  forget(ledger); /* after the stores: its index is theirs until here */
  for (uint32_t kind = 0; kind < BULKHEAD_LEDGER_KINDS; ++kind) {
    while (ledger->newest[kind] != NULL) {
      LedgerNode* const node = ledger->newest[kind];
      ledger_unlink(ledger, node);
      free(node);
    }
  }
  while (ledger->bad_frees != NULL) {
    LedgerBadFree* const bad = ledger->bad_frees;
    ledger->bad_frees = bad->next;
    free(bad);
  }
  pthread_mutex_destroy(&ledger->mutex);
  free(ledger);
}

PUBLIC BulkheadLedger* bulkhead_ledger_of(void* dso) {
  const uintptr_t address = (uintptr_t)dso;
  pthread_mutex_lock(&open_mutex);
  BulkheadLedger* ledger = open_ledgers;
  while (ledger != NULL && (address < ledger->begin || address >= ledger->end)) ledger = ledger->next;
  if (ledger != NULL) __atomic_store_n(&ledger->dso, dso, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&open_mutex);
  return ledger != NULL ? ledger : &none;
}

PUBLIC int bulkhead_ledger_is_used(const BulkheadLedger* ledger) {
  return __atomic_load_n(&ledger->dso, __ATOMIC_ACQUIRE) != NULL;
}

/* ---- entries */

static LedgerNode** bucket(BulkheadLedger* ledger, uint32_t kind, uint64_t key) {
  const uint64_t mixed = (key ^ kind) * UINT64_C(0x9e3779b97f4a7c15);
  return &ledger->buckets[(mixed >> 32) % BULKHEAD_LEDGER_BUCKETS];
}

LedgerNode* ledger_find(BulkheadLedger* ledger, uint32_t kind, uint64_t key) {
  LedgerNode* node = *bucket(ledger, kind, key);
  while (node != NULL && (node->entry.kind != kind || node->entry.key != key)) node = node->same_bucket;
  return node;
}

void ledger_link(BulkheadLedger* ledger, LedgerNode* node) {
  const uint32_t kind = node->entry.kind;
  LedgerNode** const place = bucket(ledger, kind, node->entry.key);
  node->same_bucket = *place;
  *place = node;
  node->newer = NULL;
  node->older = ledger->newest[kind];
  if (node->older != NULL) node->older->newer = node;
  if (node->older == NULL) ledger->oldest[kind] = node;
  ledger->newest[kind] = node;
  ledger->count[kind] += 1;
  ledger->bytes[kind] += node->entry.bytes;
}

void ledger_unlink(BulkheadLedger* ledger, LedgerNode* node) {
  const uint32_t kind = node->entry.kind;
  LedgerNode** link = bucket(ledger, kind, node->entry.key);
  while (*link != node) link = &(*link)->same_bucket;
  *link = node->same_bucket;
  if (node->older != NULL) node->older->newer = node->newer;
  if (node->newer != NULL) node->newer->older = node->older;
  if (ledger->oldest[kind] == node) ledger->oldest[kind] = node->newer;
  if (ledger->newest[kind] == node) ledger->newest[kind] = node->older;
  ledger->count[kind] -= 1;
  ledger->bytes[kind] -= node->entry.bytes;
}

static void identify(LedgerNode* node) {
  struct stat status;
  if (node->entry.kind != BULKHEAD_LEDGER_DESCRIPTOR || fstat((int)node->entry.key, &status) != 0) return;
  node->device = status.st_dev;
  node->inode = status.st_ino;
}

static LedgerNode* make_node(const BulkheadLedgerEntry* entry) {
  const size_t text_size = entry->text != NULL ? strlen(entry->text) + 1 : 0;
  LedgerNode* const node = malloc(sizeof *node + text_size);
  if (node == NULL) return NULL;
  memset(node, 0, sizeof *node);
  node->entry = *entry;
  if (text_size != 0) node->entry.text = memcpy(node + 1, entry->text, text_size);
  identify(node);
  return node;
}

PUBLIC void bulkhead_ledger_add(BulkheadLedger* ledger, const BulkheadLedgerEntry* entry) {
  if (ledger->is_none) return;
  const int saved = errno;
  LedgerNode* const node = make_node(entry);
  if (node != NULL) { /* without memory for it the entry is lost, not the call */
    const uintptr_t site = (uintptr_t)entry->site;
    if (site < ledger->begin || site >= ledger->end) node->entry.site = NULL; /* the call was a jump */
    pthread_mutex_lock(&ledger->mutex);
    const int counts = entry->kind == BULKHEAD_LEDGER_LIBRARY; /* one entry for each dlopen */
    LedgerNode* const stale = counts ? NULL : ledger_find(ledger, entry->kind, entry->key);
    if (stale != NULL) ledger_unlink(ledger, stale); /* given back in a way no hook sees */
    ledger_link(ledger, node);
    pthread_mutex_unlock(&ledger->mutex);
    free(stale);
  }
  errno = saved;
}

PUBLIC int bulkhead_ledger_remove(BulkheadLedger* ledger, uint32_t kind, uint64_t key) {
  if (ledger->is_none) return 0;
  const int saved = errno;
  pthread_mutex_lock(&ledger->mutex);
  LedgerNode* const node = ledger_find(ledger, kind, key);
  if (node != NULL) ledger_unlink(ledger, node);
  pthread_mutex_unlock(&ledger->mutex);
  free(node);
  errno = saved;
  return node != NULL;
}

/* ---- questions */

PUBLIC void bulkhead_ledger_totals(BulkheadLedger* ledger, BulkheadLedgerTotals* totals) {
  memset(totals, 0, sizeof *totals);
  pthread_mutex_lock(&ledger->mutex);
  memcpy(totals->count, ledger->count, sizeof totals->count);
  memcpy(totals->bytes, ledger->bytes, sizeof totals->bytes);
  totals->foreign_frees = ledger->foreign_frees;
  totals->double_frees = ledger->double_frees;
  pthread_mutex_unlock(&ledger->mutex);
  totals->count[BULKHEAD_LEDGER_SIGNAL_HANDLER] += signals_count(ledger);
  heap_totals(ledger, &totals->count[BULKHEAD_LEDGER_HEAP], &totals->bytes[BULKHEAD_LEDGER_HEAP]);
  threads_totals(ledger, &totals->count[BULKHEAD_LEDGER_THREAD], &totals->bytes[BULKHEAD_LEDGER_THREAD]);
  tls_totals(ledger, &totals->count[BULKHEAD_LEDGER_TLS_DESTRUCTOR], &totals->bytes[BULKHEAD_LEDGER_TLS_DESTRUCTOR]);
}

static void visit_nodes(BulkheadLedger* ledger, uint32_t kind, void (*visit)(void*, const BulkheadLedgerEntry*),
                        void* context) {
  pthread_mutex_lock(&ledger->mutex);
  for (const LedgerNode* node = ledger->oldest[kind]; node != NULL; node = node->newer) visit(context, &node->entry);
  pthread_mutex_unlock(&ledger->mutex);
}

PUBLIC void bulkhead_ledger_visit(BulkheadLedger* ledger, uint32_t kind,
                                  void (*visit)(void* context, const BulkheadLedgerEntry* entry), void* context) {
  switch (kind) {
    case BULKHEAD_LEDGER_HEAP: heap_visit(ledger, visit, context); break;
    case BULKHEAD_LEDGER_THREAD: threads_visit(ledger, visit, context); break;
    case BULKHEAD_LEDGER_TLS_DESTRUCTOR: tls_visit(ledger, visit, context); break;
    case BULKHEAD_LEDGER_SIGNAL_HANDLER:
      signals_visit(ledger, visit, context); /* and stacks of handlers: */
      __attribute__((fallthrough));
    default: visit_nodes(ledger, kind, visit, context);
  }
}

PUBLIC void bulkhead_ledger_bad_frees(BulkheadLedger* ledger, void (*visit)(void* context, const BulkheadBadFree* bad),
                                      void* context) {
  pthread_mutex_lock(&ledger->mutex);
  for (const LedgerBadFree* bad = ledger->bad_frees; bad != NULL; bad = bad->next) visit(context, &bad->bad);
  pthread_mutex_unlock(&ledger->mutex);
}

static LedgerBadFree* bad_free_at(BulkheadLedger* ledger, const void* site, int is_double) {
  LedgerBadFree* bad = ledger->bad_frees;
  while (bad != NULL && (bad->bad.site != site || bad->bad.is_double != (uint32_t)is_double)) bad = bad->next;
  if (bad != NULL) return bad;
  bad = calloc(1, sizeof *bad);
  if (bad == NULL) return NULL;
  bad->bad.site = site;
  bad->bad.is_double = (uint32_t)is_double;
  bad->next = ledger->bad_frees;
  ledger->bad_frees = bad;
  return bad;
}

void ledger_bad_free(BulkheadLedger* ledger, const void* pointer, const void* site, int is_double) {
  if (ledger->abort_on_bad_free) {
    fprintf(stderr, "bulkhead: a module frees %p, which %s, at %p (module offset 0x%zx): aborting as asked\n", pointer,
            is_double ? "it freed before" : "it did not allocate", site, (size_t)((uintptr_t)site - ledger->begin));
    abort();
  }
  pthread_mutex_lock(&ledger->mutex);
  LedgerBadFree* const bad = bad_free_at(ledger, site, is_double);
  if (bad != NULL && bad->bad.count++ == 0) bad->bad.pointer = pointer;
  *(is_double ? &ledger->double_frees : &ledger->foreign_frees) += 1;
  pthread_mutex_unlock(&ledger->mutex);
}

/* ---- the end */

PUBLIC uint64_t bulkhead_ledger_run_tls_destructors(BulkheadLedger* ledger) { return tls_run(ledger); }

PUBLIC void bulkhead_ledger_finalize(BulkheadLedger* ledger) {
  void* const dso = __atomic_load_n(&ledger->dso, __ATOMIC_ACQUIRE);
  if (dso != NULL) __cxa_finalize(dso);
}

static LedgerNode* take_newest(BulkheadLedger* ledger, uint32_t kind) {
  pthread_mutex_lock(&ledger->mutex);
  LedgerNode* const node = ledger->newest[kind];
  if (node != NULL) ledger_unlink(ledger, node);
  pthread_mutex_unlock(&ledger->mutex);
  return node;
}

PUBLIC uint64_t bulkhead_ledger_clean(BulkheadLedger* ledger, uint32_t kind) {
  uint64_t cleaned = kind == BULKHEAD_LEDGER_SIGNAL_HANDLER ? signals_leave(ledger) : 0;
  for (LedgerNode* node; (node = take_newest(ledger, kind)) != NULL; ++cleaned) {
    resource_release(node);
    free(node);
  }
  return cleaned;
}
