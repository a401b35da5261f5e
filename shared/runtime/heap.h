/* The heap of modules: allocations that their hooks make, each with its size and call site. */
#ifndef BULKHEAD_RUNTIME_HEAP_H
#define BULKHEAD_RUNTIME_HEAP_H

#include "shared/runtime/ledger.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As the functions of libc that they are named after, errno included. `site` is where the module called from. A pointer
 * that is not the ledger's is reported (ledger.h) and given to libc, one that was freed before is reported and left. */
void* bulkhead_heap_malloc(BulkheadLedger* ledger, size_t size, const void* site);
void* bulkhead_heap_calloc(BulkheadLedger* ledger, size_t count, size_t size, const void* site);
void* bulkhead_heap_realloc(BulkheadLedger* ledger, void* pointer, size_t size, const void* site);
void* bulkhead_heap_aligned(BulkheadLedger* ledger, size_t alignment, size_t size, const void* site);
void bulkhead_heap_free(BulkheadLedger* ledger, void* pointer, const void* site);
size_t bulkhead_heap_usable_size(BulkheadLedger* ledger, void* pointer);

#ifdef __cplusplus
}
#endif
#endif
