/* The runtime: a small C library (libbulkhead-runtime.so, no libstdc++) that module, host and worker all link, so that
 * they meet in one place however the host itself was loaded. It keeps, per thread, the scope of the call under way. */
#ifndef BULKHEAD_RUNTIME_H
#define BULKHEAD_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One call as the code below it may ask about it. Lives on the stack of whoever entered it. */
typedef struct BulkheadScope {
  uint64_t size;
  int64_t deadline_ns;         /* CLOCK_MONOTONIC, absolute; 0: no deadline */
  const int32_t* cancel;       /* non-zero once the caller cancelled: load it atomically; may be null */
  uint64_t call_id;            /* unique within the module's generation; 0: unknown */
  uint64_t generation;         /* of the module; 0: unknown */
  const char* module;          /* its name; may be null */
  struct BulkheadScope* outer; /* set by bulkhead_scope_enter */
} BulkheadScope;

/* Makes `scope` this thread's current one. Scopes nest strictly: leave in reverse order, on the same thread. */
void bulkhead_scope_enter(BulkheadScope* scope);
void bulkhead_scope_leave(BulkheadScope* scope);

/* This thread's innermost scope, or null outside any call. */
const BulkheadScope* bulkhead_scope_current(void);

/* BULKHEAD_ABI_VERSION of the library found at run time. */
uint32_t bulkhead_runtime_abi_version(void);

#ifdef __cplusplus
}
#endif
#endif
