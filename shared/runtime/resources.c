#include "shared/runtime/resources.h"

#include "shared/runtime/ledger_table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

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

/* Its number may stand for another file by now, which somebody else opened after somebody else closed this one. */
static void close_descriptor(const LedgerNode* node) {
  struct stat status;
  const int descriptor = (int)node->entry.key;
  if (fstat(descriptor, &status) != 0) return;
  if (status.st_dev == node->device && status.st_ino == node->inode) close(descriptor);
}

void resource_release(const LedgerNode* node) {
  switch (node->entry.kind) {
    case BULKHEAD_LEDGER_DESCRIPTOR: close_descriptor(node); break;
    default: break;
  }
}
