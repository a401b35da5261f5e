#include "shared/runtime/heap.h"

#include "shared/runtime/heap_store.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

#define LEAST 8 /* bytes, so that a freed block can wait in its owner's stack */

/* With the header, what to ask libc for; 0 if there is no such memory. */
static inline size_t with_header(size_t size) {
  if (__builtin_expect(size > HEAP_LARGEST, 0)) return 0;
  return sizeof(HeapBlock) + (size < LEAST ? LEAST : size);
}

static void* no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

static inline uint32_t site_offset(const BulkheadLedger* ledger, const void* site) {
  const uintptr_t offset = (uintptr_t)site - ledger->begin;
  return offset <= UINT32_MAX ? (uint32_t)offset : 0;
}

static __attribute__((noinline)) void link_shared(HeapStore* store, HeapBlock* block, size_t size) {
  pthread_mutex_lock(&store->mutex);
  heap_link(store->shared, block, size);
  pthread_mutex_unlock(&store->mutex);
}

static inline HeapOwner* owner_for(HeapStore* store, size_t size) {
  if (size >= HEAP_LARGE) return NULL;
  HeapOwner* const owner = heap_owner_known(store);
  return __builtin_expect(owner != NULL, 1) ? owner : heap_owner_acquire(store);
}

/* Makes memory of libc a block of the calling thread. */
static inline void* record(BulkheadLedger* ledger, HeapBlock* block, size_t size, uint64_t has_offset, uint32_t site) {
  HeapStore* const store = ledger->heap;
  HeapOwner* const owner = owner_for(store, size);
  const uint64_t number = owner != NULL ? owner->number : store->shared->number;
  block->shape = has_offset << 63 | number << HEAP_SIZE_BITS | size;
  heap_set_tag(block, heap_cookie(block), site);
  if (__builtin_expect(owner == NULL, 0)) {
    link_shared(store, block, size);
    return heap_bytes_of(block);
  }
  if (__builtin_expect(__atomic_load_n(&owner->remote, __ATOMIC_RELAXED) != 0, 0)) heap_owner_drain(owner);
  heap_owner_enter(owner);
  heap_link(owner, block, size);
  heap_owner_leave(owner);
  return heap_bytes_of(block);
}

PUBLIC void* bulkhead_heap_malloc(BulkheadLedger* ledger, size_t size, const void* site) {
  if (__builtin_expect(ledger->is_none, 0)) return malloc(size);
  const size_t whole = with_header(size);
  HeapBlock* const block = whole != 0 ? malloc(whole) : no_memory();
  if (__builtin_expect(block == NULL, 0)) return NULL;
  return record(ledger, block, size, 0, site_offset(ledger, site));
}

PUBLIC void* bulkhead_heap_calloc(BulkheadLedger* ledger, size_t count, size_t size, const void* site) {
  if (__builtin_expect(ledger->is_none, 0)) return calloc(count, size);
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return no_memory();
  const size_t whole = with_header(bytes);
  HeapBlock* const block = whole != 0 ? calloc(1, whole) : no_memory();
  if (__builtin_expect(block == NULL, 0)) return NULL;
  return record(ledger, block, bytes, 0, site_offset(ledger, site));
}

PUBLIC void* bulkhead_heap_aligned(BulkheadLedger* ledger, size_t alignment, size_t size, const void* site) {
  if (ledger->is_none) return memalign(alignment, size);
  if (alignment <= _Alignof(max_align_t)) return bulkhead_heap_malloc(ledger, size, site);
  if (alignment > SIZE_MAX / 2 + 1) {
    errno = EINVAL;
    return NULL;
  }
  size_t offset = sizeof(HeapBlock); /* where the module's bytes begin: aligned, and room for the header before */
  while (offset < alignment) offset *= 2;
  if (size > HEAP_LARGEST || offset > HEAP_LARGEST) return no_memory();
  char* const base = memalign(offset, offset + (size < LEAST ? LEAST : size));
  if (base == NULL) return NULL;
  HeapBlock* const block = heap_block_of(base + offset);
  const uint64_t before = offset - sizeof *block;
  if (before != 0) ((uint64_t*)block)[-1] = before;
  return record(ledger, block, size, before != 0, site_offset(ledger, site));
}

/* Takes a live block of the calling thread, or of the shared owner, out of its ring: libc may have it then. */
static inline int take(HeapStore* store, HeapBlock* block) {
  HeapOwner* const owner = heap_owner_known(store);
  const uint32_t number = heap_number(block);
  const size_t size = heap_size(block);
  if (__builtin_expect(owner == NULL || owner->number != number, 0)) {
    if (number != store->shared->number) return 0;
    heap_set_tag(block, heap_freed_cookie(block), 0);
    pthread_mutex_lock(&store->mutex);
    heap_unlink(store->shared, block, size);
    pthread_mutex_unlock(&store->mutex);
    return 1;
  }
  heap_set_tag(block, heap_freed_cookie(block), 0);
  heap_owner_enter(owner);
  heap_unlink(owner, block, size);
  heap_owner_leave(owner);
  return 1;
}

static __attribute__((noinline)) void free_elsewhere(BulkheadLedger* ledger, HeapBlock* block, const void* site) {
  if (!heap_free_elsewhere(ledger->heap, block)) ledger_bad_free(ledger, heap_bytes_of(block), site, 0);
}

static __attribute__((noinline)) void free_bad(BulkheadLedger* ledger, void* pointer, const void* site, int is_double) {
  const int saved = errno;
  ledger_bad_free(ledger, pointer, site, is_double);
  if (!is_double) free(pointer);
  errno = saved;
}

PUBLIC void bulkhead_heap_free(BulkheadLedger* ledger, void* pointer, const void* site) {
  if (__builtin_expect(ledger->is_none, 0)) {
    free(pointer);
    return;
  }
  if (pointer == NULL) return;
  HeapBlock* const block = heap_block_of(pointer);
  const enum HeapState state = heap_state(block);
  if (__builtin_expect(state != HEAP_LIVE, 0)) {
    free_bad(ledger, pointer, site, state == HEAP_FREED);
    return;
  }
  if (__builtin_expect(take(ledger->heap, block), 1)) {
    free(heap_base(block));
  } else {
    free_elsewhere(ledger, block, site);
  }
}

static void* realloc_by_copy(BulkheadLedger* ledger, void* pointer, size_t size, const void* site) {
  void* const moved = bulkhead_heap_malloc(ledger, size, site);
  if (moved == NULL) return NULL;
  const size_t had = heap_size(heap_block_of(pointer));
  memcpy(moved, pointer, had < size ? had : size);
  bulkhead_heap_free(ledger, pointer, site);
  return moved;
}

static void* realloc_in_libc(BulkheadLedger* ledger, HeapBlock* block, size_t size, const void* site) {
  const size_t had = heap_size(block);
  const uint32_t had_site = (uint32_t)heap_tag(block);
  if (!take(ledger->heap, block)) return realloc_by_copy(ledger, heap_bytes_of(block), size, site);
  HeapBlock* const moved = realloc(block, with_header(size));
  if (moved != NULL) return record(ledger, moved, size, 0, site_offset(ledger, site));
  const int saved = errno;
  record(ledger, block, had, 0, had_site);
  errno = saved;
  return NULL;
}

PUBLIC void* bulkhead_heap_realloc(BulkheadLedger* ledger, void* pointer, size_t size, const void* site) {
  if (ledger->is_none) return realloc(pointer, size);
  if (pointer == NULL) return bulkhead_heap_malloc(ledger, size, site);
  HeapBlock* const block = heap_block_of(pointer);
  const enum HeapState state = heap_state(block);
  if (state != HEAP_LIVE) {
    ledger_bad_free(ledger, pointer, site, state == HEAP_FREED);
    return state == HEAP_FREED ? no_memory() : realloc(pointer, size);
  }
  if (size == 0) { /* as glibc has it */
    bulkhead_heap_free(ledger, pointer, site);
    return NULL;
  }
  if (with_header(size) == 0) return no_memory();
  return heap_has_offset(block) ? realloc_by_copy(ledger, pointer, size, site)
                                : realloc_in_libc(ledger, block, size, site);
}

PUBLIC size_t bulkhead_heap_usable_size(BulkheadLedger* ledger, void* pointer) {
  if (ledger->is_none || pointer == NULL) return malloc_usable_size(pointer);
  const HeapBlock* const block = heap_block_of(pointer);
  switch (heap_state(block)) {
    case HEAP_LIVE: return heap_size(block);
    case HEAP_FREED: return 0;
    default: return malloc_usable_size(pointer);
  }
}
