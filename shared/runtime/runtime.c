#include <bulkhead/abi.h>
#include <bulkhead/runtime.h>

#define PUBLIC __attribute__((visibility("default")))

static _Thread_local BulkheadScope* current;

PUBLIC void bulkhead_scope_enter(BulkheadScope* scope) {
  scope->outer = current;
  current = scope;
}

PUBLIC void bulkhead_scope_leave(BulkheadScope* scope) { current = scope->outer; }

PUBLIC const BulkheadScope* bulkhead_scope_current(void) { return current; }

PUBLIC uint32_t bulkhead_runtime_abi_version(void) { return BULKHEAD_ABI_VERSION; }
