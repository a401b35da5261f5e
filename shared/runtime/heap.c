#include "shared/runtime/heap.h"

#include "shared/runtime/heap_store.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

#define LEAST 8 /* bytes, so that a freed block can wait in its owner's stack */

/* What to ask libc for. */
static inline size_t with_header(size_t size) { return sizeof(HeapBlock) + (size < LEAST ? LEAST : size); }

static void* no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

static inline void fill(const BulkheadLedger* ledger, HeapBlock* block, uint64_t shape, size_t size, const void* site) {
  block->shape = shape | size;
  block->site = (uint32_t)((uintptr_t)site - ledger->begin);
  heap_set_cookie(block, heap_live_cookie(block));
}

/* Makes memory of libc a block of the calling thread's owner. */
static inline void* record_own(const BulkheadLedger* ledger, HeapOwner* owner, HeapBlock* block, uint64_t shape,
                               size_t size, const void* site) {
  fill(ledger, block, shape, size, site);
  if (__builtin_expect(__atomic_load_n(&owner->remote, __ATOMIC_RELAXED) != 0, 0)) heap_owner_drain(owner);
  heap_owner_enter(owner);
  heap_link(owner, block, size);
  heap_owner_leave(owner);
  return heap_bytes_of(block);
}

/* The same for whatever owner it should have. */
static void* record(BulkheadLedger* ledger, HeapBlock* block, size_t size, uint64_t has_offset, const void* site) {
  HeapOwner* const owner = size < HEAP_LARGE ? heap_owner_acquire(ledger) : NULL;
  if (owner != NULL) {
    return record_own(ledger, owner, block, heap_shape(owner->number, has_offset), size, site);
  }
  HeapStore* const store = ledger->heap;
  fill(ledger, block, heap_shape(store->shared->number, has_offset), size, site);
  pthread_mutex_lock(&store->mutex);
  heap_link(store->shared, block, size);
  pthread_mutex_unlock(&store->mutex);
  return heap_bytes_of(block);
}

static __attribute__((noinline)) void* malloc_anyhow(BulkheadLedger* ledger, size_t size, const void* site) {
  if (ledger->is_none) return malloc(size);
  if (size > HEAP_LARGEST) return no_memory();
  HeapBlock* const block = malloc(with_header(size));
  return block != NULL ? record(ledger, block, size, 0, site) : NULL;
}

PUBLIC void* bulkhead_heap_malloc(BulkheadLedger* ledger, size_t size, const void* site) {
  HeapOwner* const owner = heap_owner_recent(ledger);
  if (__builtin_expect(owner == NULL || size >= HEAP_LARGE, 0)) return malloc_anyhow(ledger, size, site);
  HeapBlock* const block = malloc(with_header(size));
  if (__builtin_expect(block == NULL, 0)) return NULL;
  return record_own(ledger, owner, block, owner->shape, size, site);
}

PUBLIC void* bulkhead_heap_calloc(BulkheadLedger* ledger, size_t count, size_t size, const void* site) {
  if (ledger->is_none) return calloc(count, size);
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return no_memory();
  if (bytes > HEAP_LARGEST) return no_memory();
  HeapBlock* const block = calloc(1, with_header(bytes));
  return block != NULL ? record(ledger, block, bytes, 0, site) : NULL;
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
  return record(ledger, block, size, before != 0, site);
}

static inline void take_own(HeapOwner* owner, HeapBlock* block, size_t size) {
  heap_set_cookie(block, heap_freed_cookie(block));
  heap_owner_enter(owner);
  heap_unlink(owner, block, size);
  heap_owner_leave(owner);
}

/* Takes a live block of the calling thread, or of the shared owner, out of its ring: libc may have it then. */
static int take(BulkheadLedger* ledger, HeapBlock* block) {
  HeapOwner* const owner = heap_owner_find(ledger);
  HeapStore* const store = ledger->heap;
  if (owner != NULL && owner->number == heap_number(block)) {
    take_own(owner, block, heap_size(block));
    return 1;
  }
  if (heap_number(block) != store->shared->number) return 0;
  heap_set_cookie(block, heap_freed_cookie(block));
  pthread_mutex_lock(&store->mutex);
  heap_unlink(store->shared, block, heap_size(block));
  pthread_mutex_unlock(&store->mutex);
  return 1;
}

static void free_bad(BulkheadLedger* ledger, void* pointer, const void* site, int is_double) {
  const int saved = errno;
  ledger_bad_free(ledger, pointer, site, is_double);
  if (!is_double) free(pointer);
  errno = saved;
}

static __attribute__((noinline)) void free_anyhow(BulkheadLedger* ledger, void* pointer, const void* site) {
  if (ledger->is_none || pointer == NULL) {
    free(pointer);
    return;
  }
  HeapBlock* const block = heap_block_of(pointer);
  const enum HeapState state = heap_state(block);
  if (state != HEAP_LIVE) {
    free_bad(ledger, pointer, site, state == HEAP_FREED);
  } else if (take(ledger, block)) {
    free(heap_base(block));
  } else if (!heap_free_elsewhere(ledger->heap, block)) {
    ledger_bad_free(ledger, pointer, site, 0); /* another module's */
  }
}

/* A block of `owner` that lives and has no offset: then its size; else more than any such block has. */
static inline uint64_t size_of_own(const HeapOwner* owner, const HeapBlock* block) {
  return heap_cookie(block) == heap_live_cookie(block) ? block->shape ^ owner->shape : UINT64_MAX;
}

PUBLIC void bulkhead_heap_free(BulkheadLedger* ledger, void* pointer, const void* site) {
  HeapOwner* const owner = heap_owner_recent(ledger);
  if (__builtin_expect(owner != NULL && pointer != NULL, 1)) {
    HeapBlock* const block = heap_block_of(pointer);
    const uint64_t size = size_of_own(owner, block);
    if (__builtin_expect(size < HEAP_LARGE, 1)) {
      take_own(owner, block, size);
      free(block);
      return;
    }
  }
  free_anyhow(ledger, pointer, site);
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
  const uintptr_t had_site = ledger->begin + block->site;
  if (!take(ledger, block)) return realloc_by_copy(ledger, heap_bytes_of(block), size, site);
  HeapBlock* const moved = realloc(block, with_header(size));
  if (moved != NULL) return record(ledger, moved, size, 0, site);
  const int saved = errno;
  record(ledger, block, had, 0, (const void*)had_site);
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
  if (size > HEAP_LARGEST) return no_memory();
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
