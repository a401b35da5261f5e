/* What the hooks of a module share. A hook is a shim that the linker puts in front of a function of libc for one module
 * (`--wrap`): it finds the module's ledger, calls libc, tells the ledger. It is module code: keep it thin, C, without
 * state of its own. The work is done by the runtime (shared/runtime), which every hook calls. */
#ifndef BULKHEAD_HOOKS_HOOKS_H
#define BULKHEAD_HOOKS_HOOKS_H

#include "shared/runtime/ledger.h"

#define HOOK __attribute__((visibility("hidden")))

/* Where the module's code called from. Of the hook itself, never of a function it calls. */
#define SITE __builtin_return_address(0)

/* NULL until the first hook runs. */
extern HOOK BulkheadLedger* bulkhead_hooks_ledger;
HOOK BulkheadLedger* bulkhead_hooks_find_ledger(void);

/* This module's ledger, never NULL. */
static inline BulkheadLedger* ledger(void) {
  BulkheadLedger* const found = __atomic_load_n(&bulkhead_hooks_ledger, __ATOMIC_ACQUIRE);
  return __builtin_expect(found != NULL, 1) ? found : bulkhead_hooks_find_ledger();
}

/* Notes what was acquired. */
static inline void acquired(uint32_t kind, uint64_t key, uint64_t bytes, const void* site, const char* call,
                            const char* text) {
  const BulkheadLedgerEntry entry = {
      .key = key, .bytes = bytes, .site = site, .call = call, .text = text, .kind = kind};
  bulkhead_ledger_add(ledger(), &entry);
}

#endif
