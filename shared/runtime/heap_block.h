/* Inside the runtime: what stands in front of every block of a module's heap.
 *
 *   libc's block                                    what the module gets
 *   |                                               |
 *   [ ... offset ] [ previous next | shape site cookie ] [ the module's bytes ]
 *     only of      32 bytes
 *     wide alignments
 *
 * The cookie is right before the module's bytes, where libc's own blocks keep their size: it can be read whatever a
 * module frees, and no block of libc below 4 GiB looks like one of ours. A freed block is known until libc uses its
 * memory again, or gives it back to the system. */
#ifndef BULKHEAD_RUNTIME_HEAP_BLOCK_H
#define BULKHEAD_RUNTIME_HEAP_BLOCK_H

#include <stddef.h>
#include <stdint.h>

typedef struct HeapBlock {
  struct HeapBlock* previous; /* of its owner's ring */
  struct HeapBlock* next;
  uint64_t shape;  /* bytes: 48 bits; number of the owner: 15; whether an offset stands before the header: 1 */
  uint32_t site;   /* call site, from the module's begin */
  uint32_t cookie; /* of this address and process while the block lives, another one once it is freed */
} HeapBlock;

_Static_assert(sizeof(HeapBlock) == 32, "keeps libc's alignment");

#define HEAP_SIZE_BITS 48
#define HEAP_LARGEST ((UINT64_C(1) << HEAP_SIZE_BITS) - 4096) /* more than an address space has */
#define HEAP_OWNERS (1u << 15)
#define HEAP_NO_SANITIZER __attribute__((no_sanitize("address", "thread")))

extern uint32_t heap_secret;

enum HeapState { HEAP_FOREIGN, HEAP_LIVE, HEAP_FREED };

static inline HeapBlock* heap_block_of(void* pointer) { return (HeapBlock*)pointer - 1; }
static inline void* heap_bytes_of(HeapBlock* block) { return block + 1; }

static inline uint64_t heap_shape(uint32_t owner, uint64_t has_offset) {
  return has_offset << 63 | (uint64_t)owner << HEAP_SIZE_BITS;
}
static inline size_t heap_size(const HeapBlock* block) { return block->shape & ((UINT64_C(1) << HEAP_SIZE_BITS) - 1); }
static inline uint32_t heap_number(const HeapBlock* block) {
  return (uint32_t)(block->shape >> HEAP_SIZE_BITS) & (HEAP_OWNERS - 1);
}
static inline int heap_has_offset(const HeapBlock* block) { return (int)(block->shape >> 63); }

/* Libc's block: what malloc gave. */
static inline void* heap_base(HeapBlock* block) {
  return heap_has_offset(block) ? (char*)block - ((const uint64_t*)block)[-1] : (char*)block;
}

/* Odd, so never zero. */
static inline uint32_t heap_live_cookie(const HeapBlock* block) {
  return (uint32_t)((uintptr_t)block >> 4 ^ heap_secret) | 1;
}
static inline uint32_t heap_freed_cookie(const HeapBlock* block) { return heap_live_cookie(block) ^ 0x5a5a5a5a; }

static inline void heap_set_cookie(HeapBlock* block, uint32_t cookie) {
  __atomic_store_n(&block->cookie, cookie, __ATOMIC_RELAXED);
}

/* Of memory that may be anybody's. */
HEAP_NO_SANITIZER static inline uint32_t heap_cookie(const HeapBlock* block) {
  return *(const volatile uint32_t*)&block->cookie;
}

static inline enum HeapState heap_state(const HeapBlock* block) {
  const uint32_t cookie = heap_cookie(block);
  if (cookie == heap_live_cookie(block)) return HEAP_LIVE;
  return cookie == heap_freed_cookie(block) ? HEAP_FREED : HEAP_FOREIGN;
}

#endif
