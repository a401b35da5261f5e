#include "shared/runtime/threads.h"

#include "shared/runtime/ledger_table.h"

int threads_make(BulkheadLedger* ledger) { return ledger != NULL; }
void threads_totals(BulkheadLedger* ledger, uint64_t* count, uint64_t* bytes) {
  (void)ledger;
  *count = *bytes = 0;
}
void threads_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context) {
  (void)ledger, (void)visit, (void)context;
}
void threads_end(BulkheadLedger* ledger) { (void)ledger; }

__attribute__((visibility("default"))) void bulkhead_ledger_threads(
    BulkheadLedger* ledger, void (*visit)(void* context, const BulkheadThread* thread), void* context) {
  (void)ledger, (void)visit, (void)context;
}
