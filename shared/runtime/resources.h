/* What hooks of resources need beside ledger.h. */
#ifndef BULKHEAD_RUNTIME_RESOURCES_H
#define BULKHEAD_RUNTIME_RESOURCES_H

#include "shared/runtime/ledger.h"

#ifdef __cplusplus
extern "C" {
#endif

/* False for the ledger that takes note of nothing: the hook leaves everything to libc. */
int bulkhead_ledger_takes_notes(const BulkheadLedger* ledger);

int bulkhead_ledger_holds(BulkheadLedger* ledger, uint32_t kind, uint64_t key);

/* Takes out all entries of a kind whose keys are in [first, last]. */
void bulkhead_ledger_remove_range(BulkheadLedger* ledger, uint32_t kind, uint64_t first, uint64_t last);

#ifdef __cplusplus
}
#endif
#endif
