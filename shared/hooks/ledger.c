#include "shared/hooks/hooks.h"

extern HOOK void* __dso_handle;

BulkheadLedger* bulkhead_hooks_ledger = NULL;

BulkheadLedger* bulkhead_hooks_find_ledger(void) {
  BulkheadLedger* const found = bulkhead_ledger_of(&__dso_handle);
  __atomic_store_n(&bulkhead_hooks_ledger, found, __ATOMIC_RELEASE);
  return found;
}
