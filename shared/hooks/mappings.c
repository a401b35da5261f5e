/* Mapped memory. The ledger keeps spans: what is unmapped in part stays in part. */
#include "shared/hooks/wrap.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/types.h>
#include <unistd.h>

static void* mapped(void* address, uint64_t bytes, const void* site, const char* call, const char* text) {
  if (address == MAP_FAILED) return address;
  bulkhead_mapping_drop(bulkhead_mapping_take(ledger(), address, bytes)); /* what was mapped there before */
  const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  acquired(BULKHEAD_LEDGER_MAPPING, key_of(address), (bytes + page - 1) / page * page, site, call, text);
  return address;
}

#define MAPPING(name)                                                                                        \
  HOOK_OF(void*, name, (void* hint, size_t size, int protection, int flags, int descriptor, off_t offset)) { \
    char text[32] = "anonymous";                                                                             \
    void* const address = real_##name(hint, size, protection, flags, descriptor, offset);                    \
    if ((flags & MAP_ANONYMOUS) == 0) snprintf(text, sizeof text, "of descriptor %d", descriptor);           \
    return mapped(address, size, SITE, #name, text);                                                         \
  }

MAPPING(mmap)
MAPPING(mmap64)

HOOK_OF(int, munmap, (void* address, size_t size)) {
  BulkheadMappings* const taken = bulkhead_mapping_take(ledger(), address, size);
  const int result = real_munmap(address, size);
  if (result == 0) {
    bulkhead_mapping_drop(taken);
  } else {
    bulkhead_mapping_put_back(ledger(), taken);
  }
  return result;
}

/* Only memory of the module's own is followed; a second map of shared memory (old size 0) is one. */
HOOK_OF(void*, mremap, (void* address, size_t old_size, size_t size, int flags, ...)) {
  void* there = NULL;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0) {
    va_list more;
    va_start(more, flags);
    there = va_arg(more, void*);
    va_end(more);
  }
  BulkheadMappings* const taken = bulkhead_mapping_take(ledger(), address, old_size);
  void* const result = real_mremap(address, old_size, size, flags, there);
  const int own = taken != NULL || old_size == 0;
  if (result == MAP_FAILED || (flags & MREMAP_DONTUNMAP) != 0) {
    bulkhead_mapping_put_back(ledger(), taken);
  } else {
    bulkhead_mapping_drop(taken);
  }
  return own ? mapped(result, size, SITE, "mremap", NULL) : result;
}

HOOK_OF(void*, shmat, (int segment, const void* hint, int flags)) {
  char text[32];
  struct shmid_ds status;
  void* const address = real_shmat(segment, hint, flags);
  if (address == MAP_FAILED || shmctl(segment, IPC_STAT, &status) != 0) return address;
  snprintf(text, sizeof text, "segment %d", segment);
  return mapped(address, status.shm_segsz, SITE, "shmat", text);
}

HOOK_OF(int, shmdt, (const void* address)) {
  given_back(BULKHEAD_LEDGER_MAPPING, key_of(address));
  return real_shmdt(address);
}
