/* Inside the runtime: who holds the blocks of a module's heap.
 *
 * Every block is in the list of one owner. A thread has an owner per ledger whose heap it uses, and takes no lock and
 * no atomic read-modify-write for it: a biased lock, which the thread takes by plain stores. Others take it by asking
 * (`wanted`), a membarrier, and waiting until the thread is out; only who holds the store's mutex asks.
 *
 * Blocks freed on another thread than their owner's go to the owner's stack `remote`, and are taken out of its list
 * when the owner allocates next, or by whoever finds that they pile up. Large blocks are of the store's shared owner,
 * whose list is the mutex's: their memory goes back at once.
 *
 * Owners outlive threads and ledgers: a thread's exit leaves its owner, blocks and all, to the ledger's next thread;
 * the ledger's end leaves it to other ledgers. A slot of a thread names the ledger's serial, which is never used again,
 * so a slot of an ended ledger is nobody's. Lock order: owners, store. */
#ifndef BULKHEAD_RUNTIME_HEAP_STORE_H
#define BULKHEAD_RUNTIME_HEAP_STORE_H

#include "shared/runtime/heap_block.h"
#include "shared/runtime/ledger_table.h"

#define HEAP_LARGE 16384 /* bytes from which on a block is large */

typedef struct HeapOwner {
  HeapBlock head; /* of a ring; only its links are used */
  uint64_t count; /* of blocks in the ring */
  uint64_t bytes;
  uint32_t busy;   /* the thread is at the ring */
  uint32_t wanted; /* somebody else wants to be */
  uint64_t shape;  /* its number as blocks of it have it */
  uint32_t number;
  uint64_t serial;           /* of its store; 0 without one */
  struct HeapStore* store;   /* the mutex of owners guards these */
  struct HeapOwner* sibling; /* next of the store, or next that has no store */
  struct HeapOwner* idler;   /* next that is idle */
  _Alignas(64) uint64_t remote;
} HeapOwner;

typedef struct HeapStore {
  uint64_t serial;
  pthread_mutex_t mutex;
  HeapOwner* shared;
  HeapOwner* owners; /* of threads */
  HeapOwner* idle;
  struct HeapStore* next; /* of all */
} HeapStore;

/* The owner that the calling thread used last; the serial of a ledger without a heap is 0, and so is nobody's. */
typedef struct HeapRecent {
  uint64_t serial;
  HeapOwner* owner;
} HeapRecent;

/* The runtime is loaded once, so that two words of the static TLS block are cheap. */
extern __attribute__((tls_model("initial-exec"))) _Thread_local HeapRecent heap_recent;

/* The calling thread's owner in this ledger, which becomes its recent one; NULL if it has none. */
HeapOwner* heap_owner_find(const BulkheadLedger* ledger);
/* The same, made if need be; NULL where a thread cannot have one, and the shared one has to do. */
HeapOwner* heap_owner_acquire(BulkheadLedger* ledger);
/* Waits until nobody else wants the owner; busy then. */
void heap_owner_wait(HeapOwner* owner);
/* Takes what was freed elsewhere out of the calling thread's owner, and frees it. */
void heap_owner_drain(HeapOwner* owner);
/* Frees a live block that is not the calling thread's. Returns false if it is another store's, and frees it all the
 * same. */
int heap_free_elsewhere(const HeapStore* store, HeapBlock* block);

/* NULL also where another ledger's was used last. */
static inline HeapOwner* heap_owner_recent(const BulkheadLedger* ledger) {
  return __builtin_expect(heap_recent.serial == ledger->heap_serial, 1) ? heap_recent.owner : NULL;
}

static inline void heap_owner_enter(HeapOwner* owner) {
  __atomic_store_n(&owner->busy, 1, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST); /* the visitor's membarrier makes it a fence of the processor */
  if (__builtin_expect(__atomic_load_n(&owner->wanted, __ATOMIC_ACQUIRE), 0)) heap_owner_wait(owner);
}
static inline void heap_owner_leave(HeapOwner* owner) { __atomic_store_n(&owner->busy, 0, __ATOMIC_RELEASE); }

/* With the owner entered, or the mutex held if it is the shared one. */
static inline void heap_link(HeapOwner* owner, HeapBlock* block, size_t size) {
  HeapBlock* const newest = owner->head.next;
  block->previous = &owner->head;
  block->next = newest;
  newest->previous = block;
  owner->head.next = block;
  owner->count += 1;
  owner->bytes += size;
}
static inline void heap_unlink(HeapOwner* owner, HeapBlock* block, size_t size) {
  block->previous->next = block->next;
  block->next->previous = block->previous;
  owner->count -= 1;
  owner->bytes -= size;
}

#endif
