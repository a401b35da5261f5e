#include "shared/runtime/ledger_table.h"
#include "shared/runtime/resources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

/* Taken nodes are linked by `same_bucket`. */
static BulkheadMappings* as_taken(LedgerNode* nodes) { return (BulkheadMappings*)(void*)nodes; }
static LedgerNode* as_nodes(BulkheadMappings* taken) { return (LedgerNode*)(void*)taken; }

/* With the mutex held. Without memory for it that part is lost. */
static void keep_part(BulkheadLedger* ledger, const LedgerNode* whole, uint64_t begin, uint64_t end) {
  if (begin >= end) return;
  const size_t text_size = whole->entry.text != NULL ? strlen(whole->entry.text) + 1 : 0;
  LedgerNode* const part = malloc(sizeof *part + text_size);
  if (part == NULL) return;
  *part = *whole;
  part->entry.key = begin;
  part->entry.bytes = end - begin;
  if (text_size != 0) part->entry.text = memcpy(part + 1, whole->entry.text, text_size);
  ledger_link(ledger, part);
}

PUBLIC BulkheadMappings* bulkhead_mapping_take(BulkheadLedger* ledger, const void* address, uint64_t bytes) {
  if (ledger->is_none || bytes == 0) return NULL;
  const int saved = errno;
  const uint64_t begin = (uint64_t)(uintptr_t)address;
  const uint64_t end = begin + bytes;
  LedgerNode* taken = NULL;
  pthread_mutex_lock(&ledger->mutex);
  for (LedgerNode* node = ledger->oldest[BULKHEAD_LEDGER_MAPPING]; node != NULL;) {
    LedgerNode* const next = node->newer;
    const uint64_t from = node->entry.key;
    const uint64_t to = from + node->entry.bytes;
    if (from < end && begin < to) {
      ledger_unlink(ledger, node);
      keep_part(ledger, node, from, begin);
      keep_part(ledger, node, end, to);
      node->entry.key = from > begin ? from : begin;
      node->entry.bytes = (to < end ? to : end) - node->entry.key;
      node->same_bucket = taken;
      taken = node;
    }
    node = next;
  }
  pthread_mutex_unlock(&ledger->mutex);
  errno = saved;
  return as_taken(taken);
}

PUBLIC void bulkhead_mapping_drop(BulkheadMappings* taken) {
  for (LedgerNode* node = as_nodes(taken); node != NULL;) {
    LedgerNode* const next = node->same_bucket;
    free(node);
    node = next;
  }
}

PUBLIC void bulkhead_mapping_put_back(BulkheadLedger* ledger, BulkheadMappings* taken) {
  pthread_mutex_lock(&ledger->mutex);
  for (LedgerNode* node = as_nodes(taken); node != NULL;) {
    LedgerNode* const next = node->same_bucket;
    ledger_link(ledger, node);
    node = next;
  }
  pthread_mutex_unlock(&ledger->mutex);
}
