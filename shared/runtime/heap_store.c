#include "shared/runtime/heap_store.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REMOTE_MOST 128 /* blocks that may wait for their owner */

/* By the index of the ledger. */
typedef struct HeapThread {
  uint32_t count;
  struct {
    uint64_t serial;
    HeapOwner* owner;
  } slots[]; /* by the index of the ledger */
} HeapThread;

__attribute__((tls_model("initial-exec"))) _Thread_local HeapRecent heap_recent;

static HeapThread exited_thread; /* is past its last use: what its destructors allocate is the shared owner's */
static __attribute__((tls_model("initial-exec"))) _Thread_local HeapThread* own_thread; /* NULL before the first use */

uint32_t heap_secret;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t exit_key;
static int has_owners; /* whether threads can have owners of their own */

static pthread_mutex_t owners_mutex = PTHREAD_MUTEX_INITIALIZER;
static HeapStore* stores;
static HeapOwner* spare_owners;
static HeapOwner* owners[HEAP_OWNERS]; /* by number; they are never freed */
static uint32_t owners_made = 1;
static uint64_t last_serial;

static long membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

/* ---- the biased lock, from the other side: with the store's mutex held */

static void want(HeapOwner* owner) { __atomic_store_n(&owner->wanted, 1, __ATOMIC_SEQ_CST); }

static void await(HeapOwner* owner) {
  while (__atomic_load_n(&owner->busy, __ATOMIC_ACQUIRE)) sched_yield();
}

static void release(HeapOwner* owner) { __atomic_store_n(&owner->wanted, 0, __ATOMIC_RELEASE); }

static void pause_all(HeapStore* store) {
  if (store->owners == NULL) return;
  for (HeapOwner* owner = store->owners; owner != NULL; owner = owner->sibling) want(owner);
  membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  for (HeapOwner* owner = store->owners; owner != NULL; owner = owner->sibling) await(owner);
}

static void resume_all(HeapStore* store) {
  for (HeapOwner* owner = store->owners; owner != NULL; owner = owner->sibling) release(owner);
}

void heap_owner_wait(HeapOwner* owner) {
  do {
    heap_owner_leave(owner);
    pthread_mutex_lock(&owner->store->mutex); /* who wants the owner holds it */
    pthread_mutex_unlock(&owner->store->mutex);
    __atomic_store_n(&owner->busy, 1, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
  } while (__atomic_load_n(&owner->wanted, __ATOMIC_ACQUIRE));
}

/* ---- blocks that were freed elsewhere. The links of the stack are in the blocks' bytes. `remote` is its top and,
 * where no address has bits, its depth: of the top itself nothing may be read, it can be gone meanwhile. */

#define ADDRESS_BITS 48

static HeapBlock** link_of(HeapBlock* block) { return (HeapBlock**)heap_bytes_of(block); }

static HeapBlock* top_of(uint64_t remote) {
  return (HeapBlock*)(uintptr_t)(remote & ((UINT64_C(1) << ADDRESS_BITS) - 1));
}

static HeapBlock* take_remote(HeapOwner* owner) {
  return top_of(__atomic_exchange_n(&owner->remote, 0, __ATOMIC_ACQUIRE));
}

/* With the owner's ring to itself. */
static void unlink_chain(HeapOwner* owner, HeapBlock* block) {
  for (; block != NULL; block = *link_of(block)) heap_unlink(owner, block, heap_size(block));
}

static void free_chain(HeapBlock* block) {
  while (block != NULL) {
    HeapBlock* const next = *link_of(block);
    free(heap_base(block));
    block = next;
  }
}

void heap_owner_drain(HeapOwner* owner) {
  HeapBlock* const chain = take_remote(owner);
  heap_owner_enter(owner);
  unlink_chain(owner, chain);
  heap_owner_leave(owner);
  free_chain(chain);
}

/* With the mutex held, and the owner paused or without a thread. */
static void drain_quiet(HeapOwner* owner) {
  HeapBlock* const chain = take_remote(owner);
  unlink_chain(owner, chain);
  free_chain(chain);
}

/* Returns how many wait now. */
static uint64_t push_remote(HeapOwner* owner, HeapBlock* block) {
  heap_set_cookie(block, heap_freed_cookie(block));
  uint64_t had = __atomic_load_n(&owner->remote, __ATOMIC_RELAXED);
  uint64_t depth;
  do {
    *link_of(block) = top_of(had);
    depth = (had >> ADDRESS_BITS) + 1;
  } while (!__atomic_compare_exchange_n(&owner->remote, &had, depth << ADDRESS_BITS | (uintptr_t)block, 1,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED));
  return depth;
}

static void drain_for(HeapOwner* owner) {
  HeapStore* const store = owner->store;
  pthread_mutex_lock(&store->mutex);
  want(owner);
  membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  await(owner);
  drain_quiet(owner);
  release(owner);
  pthread_mutex_unlock(&store->mutex);
}

static void free_shared(HeapOwner* owner, HeapBlock* block) {
  heap_set_cookie(block, heap_freed_cookie(block));
  pthread_mutex_lock(&owner->store->mutex);
  heap_unlink(owner, block, heap_size(block));
  pthread_mutex_unlock(&owner->store->mutex);
  free(heap_base(block));
}

int heap_free_elsewhere(const HeapStore* store, HeapBlock* block) {
  HeapOwner* const owner = __atomic_load_n(&owners[heap_number(block)], __ATOMIC_ACQUIRE);
  const int is_ours = owner->store == store;
  if (owner == owner->store->shared) {
    free_shared(owner, block);
  } else if (push_remote(owner, block) >= REMOTE_MOST) {
    drain_for(owner);
  }
  return is_ours;
}

/* ---- owners and threads */

/* With the mutex of owners held. NULL without memory or numbers. */
static HeapOwner* make_owner(HeapStore* store) {
  HeapOwner* owner = spare_owners;
  if (owner != NULL) {
    spare_owners = owner->sibling;
  } else {
    if (owners_made == HEAP_OWNERS) return NULL;
    owner = aligned_alloc(_Alignof(HeapOwner), sizeof *owner);
    if (owner == NULL) return NULL;
    memset(owner, 0, sizeof *owner);
    owner->number = owners_made++;
    owner->shape = heap_shape(owner->number, 0);
    owner->head.next = owner->head.previous = &owner->head;
    __atomic_store_n(&owners[owner->number], owner, __ATOMIC_RELEASE);
  }
  owner->store = store;
  owner->serial = store->serial;
  return owner;
}

/* Leaves the calling thread's owners to their ledgers, as far as these are still open. */
static void leave_owners(void* argument) {
  HeapThread* const thread = argument;
  own_thread = &exited_thread;
  heap_recent = (HeapRecent){0, NULL};
  pthread_mutex_lock(&owners_mutex);
  for (uint32_t index = 0; index < thread->count; ++index) {
    HeapOwner* const owner = thread->slots[index].owner;
    if (owner == NULL || owner->serial != thread->slots[index].serial) continue;
    HeapStore* const store = owner->store;
    pthread_mutex_lock(&store->mutex);
    drain_quiet(owner);
    owner->idler = store->idle;
    store->idle = owner;
    pthread_mutex_unlock(&store->mutex);
  }
  pthread_mutex_unlock(&owners_mutex);
  free(thread);
}

/* The calling thread's slots, `index` among them; NULL if it cannot have them. */
static HeapThread* slots_with(uint32_t index) {
  HeapThread* thread = own_thread;
  if (thread == &exited_thread) return NULL;
  const uint32_t had = thread != NULL ? thread->count : 0;
  if (index < had) return thread;
  const uint32_t count = index + 8;
  thread = realloc(thread, sizeof *thread + count * sizeof thread->slots[0]);
  if (thread == NULL) return NULL;
  memset(&thread->slots[had], 0, (count - had) * sizeof thread->slots[0]);
  thread->count = count;
  own_thread = thread;
  if (pthread_setspecific(exit_key, thread) == 0) return thread;
  own_thread = &exited_thread; /* nobody would give its owners back */
  free(thread);
  return NULL;
}

HeapOwner* heap_owner_find(const BulkheadLedger* ledger) {
  const HeapThread* const thread = own_thread;
  if (thread == NULL || ledger->index >= thread->count) return NULL;
  if (thread->slots[ledger->index].serial != ledger->heap_serial) return NULL;
  heap_recent = (HeapRecent){ledger->heap_serial, thread->slots[ledger->index].owner};
  return heap_recent.owner;
}

/* An idle one, or a new one. */
static HeapOwner* owner_of_store(HeapStore* store) {
  pthread_mutex_lock(&owners_mutex);
  pthread_mutex_lock(&store->mutex);
  HeapOwner* owner = store->idle;
  if (owner != NULL) {
    store->idle = owner->idler;
  } else if ((owner = make_owner(store)) != NULL) {
    owner->sibling = store->owners;
    store->owners = owner;
  }
  pthread_mutex_unlock(&store->mutex);
  pthread_mutex_unlock(&owners_mutex);
  return owner;
}

HeapOwner* heap_owner_acquire(BulkheadLedger* ledger) {
  HeapOwner* owner = heap_owner_find(ledger);
  if (owner != NULL || !has_owners) return owner;
  const int saved = errno;
  HeapThread* const thread = slots_with(ledger->index);
  if (thread != NULL) owner = owner_of_store(ledger->heap);
  if (owner != NULL) {
    thread->slots[ledger->index].owner = owner;
    thread->slots[ledger->index].serial = ledger->heap_serial;
    heap_recent = (HeapRecent){ledger->heap_serial, owner};
  }
  errno = saved;
  return owner;
}

/* ---- fork: the child gets rings that nobody was at, and mutexes that nobody holds. */

static void before_fork(void) {
  pthread_mutex_lock(&owners_mutex);
  for (HeapStore* store = stores; store != NULL; store = store->next) {
    pthread_mutex_lock(&store->mutex);
    pause_all(store);
  }
}

static void after_fork(void) {
  for (HeapStore* store = stores; store != NULL; store = store->next) {
    resume_all(store);
    pthread_mutex_unlock(&store->mutex);
  }
  pthread_mutex_unlock(&owners_mutex);
}

/* ---- the store of a ledger */

static void start(void) {
  const void* const random = (const void*)getauxval(AT_RANDOM); /* 16 bytes, anywhere */
  heap_secret = (uint32_t)(uintptr_t)&once;
  if (random != NULL) memcpy(&heap_secret, random, sizeof heap_secret);
  has_owners =
      pthread_key_create(&exit_key, leave_owners) == 0 && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  pthread_atfork(before_fork, after_fork, after_fork);
}

int heap_make(BulkheadLedger* ledger) {
  pthread_once(&once, start);
  HeapStore* const store = calloc(1, sizeof *store);
  if (store == NULL) return 0;
  pthread_mutex_init(&store->mutex, NULL);
  pthread_mutex_lock(&owners_mutex);
  store->serial = ++last_serial;
  store->shared = make_owner(store);
  if (store->shared != NULL) {
    store->next = stores;
    stores = store;
  }
  pthread_mutex_unlock(&owners_mutex);
  if (store->shared == NULL) {
    free(store);
    return 0;
  }
  ledger->heap = store;
  ledger->heap_serial = store->serial;
  return 1;
}

/* Those of the shared owner, too. */
static void for_each_owner(HeapStore* store, void (*act)(HeapOwner*, void*), void* context) {
  act(store->shared, context);
  for (HeapOwner* owner = store->owners; owner != NULL; owner = owner->sibling) act(owner, context);
}

static void in_peace(HeapStore* store, void (*act)(HeapOwner*, void*), void* context) {
  pthread_mutex_lock(&store->mutex);
  pause_all(store);
  for (HeapOwner* owner = store->owners; owner != NULL; owner = owner->sibling) drain_quiet(owner);
  for_each_owner(store, act, context);
  resume_all(store);
  pthread_mutex_unlock(&store->mutex);
}

static void add_totals(HeapOwner* owner, void* context) {
  uint64_t* const totals = context;
  totals[0] += owner->count;
  totals[1] += owner->bytes;
}

void heap_totals(BulkheadLedger* ledger, uint64_t* count, uint64_t* bytes) {
  uint64_t totals[2] = {0, 0};
  if (ledger->heap != NULL) in_peace(ledger->heap, add_totals, totals);
  *count = totals[0];
  *bytes = totals[1];
}

typedef struct Visit {
  const BulkheadLedger* ledger;
  void (*visit)(void*, const BulkheadLedgerEntry*);
  void* context;
} Visit;

static void visit_blocks(HeapOwner* owner, void* context) {
  const Visit* const visit = context;
  const BulkheadLedger* const ledger = visit->ledger;
  for (HeapBlock* block = owner->head.previous; block != &owner->head; block = block->previous) {
    if (heap_state(block) != HEAP_LIVE) continue;       /* freed, but still on the way out of the ring */
    const uintptr_t site = ledger->begin + block->site; /* elsewhere, if the call came from elsewhere */
    const BulkheadLedgerEntry entry = {.key = (uintptr_t)heap_bytes_of(block),
                                       .bytes = heap_size(block),
                                       .site = site < ledger->end ? (const void*)site : NULL,
                                       .call = "malloc",
                                       .kind = BULKHEAD_LEDGER_HEAP};
    visit->visit(visit->context, &entry);
  }
}

void heap_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context) {
  Visit each = {.ledger = ledger, .visit = visit, .context = context};
  if (ledger->heap != NULL) in_peace(ledger->heap, visit_blocks, &each);
}

/* With the mutex of owners held: the owner is nobody's now, and empty. */
static void empty(HeapOwner* owner) {
  __atomic_store_n(&owner->remote, 0, __ATOMIC_RELAXED); /* all of them are in the ring, too */
  for (HeapBlock* block = owner->head.next; block != &owner->head;) {
    HeapBlock* const next = block->next;
    heap_set_cookie(block, heap_freed_cookie(block));
    free(heap_base(block));
    block = next;
  }
  owner->head.next = owner->head.previous = &owner->head;
  owner->count = owner->bytes = 0;
  owner->serial = 0;
  owner->sibling = spare_owners;
  spare_owners = owner;
}

void heap_end(BulkheadLedger* ledger) {
  HeapStore* const store = ledger->heap;
  if (store == NULL) return;
  pthread_mutex_lock(&owners_mutex); /* threads that exit now find their owners gone, or are through with them */
  for (HeapStore** link = &stores; *link != NULL; link = &(*link)->next) {
    if (*link != store) continue;
    *link = store->next;
    break;
  }
  while (store->owners != NULL) {
    HeapOwner* const owner = store->owners;
    store->owners = owner->sibling;
    empty(owner);
  }
  empty(store->shared);
  pthread_mutex_unlock(&owners_mutex);
  pthread_mutex_destroy(&store->mutex);
  free(store);
}
