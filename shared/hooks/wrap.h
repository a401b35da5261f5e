/* How a hook of the functions in resources.wraps is written:
 *
 *   HOOK_OF(int, close, (int descriptor)) { ... return real_close(descriptor); }
 *
 * The linker sends the module's calls of `close` here and gives libc's own as `real_close`. Rules: what is acquired is
 * noted after libc has done it; what is given back leaves the ledger before libc does it, for a moment later another
 * thread may be given the same number or address. errno stays as libc left it. */
#ifndef BULKHEAD_HOOKS_WRAP_H
#define BULKHEAD_HOOKS_WRAP_H

#include "shared/hooks/hooks.h"
#include "shared/runtime/resources.h"

#define HOOK_OF(type, name, parameters)                        \
  extern type real_##name parameters __asm__("__real_" #name); \
  HOOK type wrap_##name parameters __asm__("__wrap_" #name);   \
  type wrap_##name parameters

/* Takes out of the ledger what is about to be given back: 0 if it was not in there. */
static inline int given_back(uint32_t kind, uint64_t key) { return bulkhead_ledger_remove(ledger(), kind, key); }

static inline uint64_t key_of(const void* pointer) { return (uint64_t)(uintptr_t)pointer; }

#endif
