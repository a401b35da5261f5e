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

/* Mapped spans. `take` takes what the ledger has of [address, address + bytes), dividing spans at its ends, and returns
 * NULL if that is nothing; then either `drop` or `put_back`, whether the memory is gone or stays. */
typedef struct BulkheadMappings BulkheadMappings;
BulkheadMappings* bulkhead_mapping_take(BulkheadLedger* ledger, const void* address, uint64_t bytes);
void bulkhead_mapping_drop(BulkheadMappings* taken);
void bulkhead_mapping_put_back(BulkheadLedger* ledger, BulkheadMappings* taken);

/* on_exit for a module: `function` runs when the module is finalised, at its unload or the end of the process, with
 * status 0. Returns -1 without memory. */
int bulkhead_exit_handler(BulkheadLedger* ledger, void* dso, void (*function)(int status, void* argument),
                          void* argument, const void* site, const char* call);

/* putenv with a copy: "NAME=value", or "NAME" to unset. Returns what setenv returns. */
int bulkhead_environment_put(const char* variable);

/* Keys of what is no entry of its own kind's first sort: interval timers, alternate signal stacks of threads. */
#define BULKHEAD_INTERVAL_TIMER_KEY(which) (UINT64_MAX - (which))
#define BULKHEAD_ALTERNATE_STACK_KEY(tid) (UINT64_C(1) << 32 | (tid))
#define BULKHEAD_ALTERNATE_STACK_TEXT "alternate stack %p of thread %d"

#ifdef __cplusplus
}
#endif
#endif
