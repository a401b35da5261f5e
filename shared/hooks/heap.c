#include "shared/runtime/heap.h"

#include "shared/hooks/heap_hooks.h"
#include "shared/hooks/hooks.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

/* ---- malloc and its family */

HOOK void* __wrap_malloc(size_t size) { return bulkhead_heap_malloc(ledger(), size, SITE); }

HOOK void __wrap_free(void* pointer) { bulkhead_heap_free(ledger(), pointer, SITE); }

HOOK void* __wrap_calloc(size_t count, size_t size) { return bulkhead_heap_calloc(ledger(), count, size, SITE); }

HOOK void* __wrap_realloc(void* pointer, size_t size) { return bulkhead_heap_realloc(ledger(), pointer, size, SITE); }

HOOK void* __wrap_reallocarray(void* pointer, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return bulkhead_heap_realloc(ledger(), pointer, bytes, SITE);
}

HOOK int __wrap_posix_memalign(void** pointer, size_t alignment, size_t size) {
  if (alignment % sizeof(void*) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  const int saved = errno;
  void* const made = bulkhead_heap_aligned(ledger(), alignment, size, SITE);
  errno = saved;
  if (made == NULL) return ENOMEM;
  *pointer = made;
  return 0;
}

HOOK void* __wrap_aligned_alloc(size_t alignment, size_t size) {
  return bulkhead_heap_aligned(ledger(), alignment, size, SITE);
}

HOOK void* __wrap_memalign(size_t alignment, size_t size) {
  return bulkhead_heap_aligned(ledger(), alignment, size, SITE);
}

static size_t page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

HOOK void* __wrap_valloc(size_t size) { return bulkhead_heap_aligned(ledger(), page(), size, SITE); }

HOOK void* __wrap_pvalloc(size_t size) {
  const size_t last = page() - 1;
  if (size > SIZE_MAX - last) {
    errno = ENOMEM;
    return NULL;
  }
  return bulkhead_heap_aligned(ledger(), page(), (size + last) & ~last, SITE);
}

HOOK size_t __wrap_malloc_usable_size(void* pointer) { return bulkhead_heap_usable_size(ledger(), pointer); }

/* ---- copies of texts */

void* bulkhead_hooks_copy(const void* bytes, size_t size, size_t room, const void* site) {
  void* const made = bulkhead_heap_malloc(ledger(), room, site);
  return made != NULL ? memcpy(made, bytes, size) : NULL;
}

static char* duplicate(const char* text, size_t length, const void* site) {
  char* const made = bulkhead_hooks_copy(text, length, length + 1, site);
  if (made != NULL) made[length] = '\0';
  return made;
}

HOOK char* __wrap_strdup(const char* text) { return duplicate(text, strlen(text), SITE); }
HOOK char* __wrap___strdup(const char* text) { return duplicate(text, strlen(text), SITE); }
HOOK char* __wrap_strndup(const char* text, size_t most) { return duplicate(text, strnlen(text, most), SITE); }
HOOK char* __wrap___strndup(const char* text, size_t most) { return duplicate(text, strnlen(text, most), SITE); }

HOOK wchar_t* __wrap_wcsdup(const wchar_t* text) {
  const size_t size = (wcslen(text) + 1) * sizeof *text;
  return bulkhead_hooks_copy(text, size, size, SITE);
}

/* ---- for operators.cc, which has only the headers that are installed */

HOOK void* bulkhead_hooks_new(size_t size, size_t alignment, const void* site) {
  return bulkhead_heap_aligned(ledger(), alignment, size, site);
}

HOOK void bulkhead_hooks_delete(void* pointer, const void* site) { bulkhead_heap_free(ledger(), pointer, site); }
