/* Libraries that the module opens. libc looks for them from the caller's place, which the hook shares. */
#include "shared/hooks/wrap.h"

#include <dlfcn.h>

static void* opened(void* library, const void* site, const char* call, const char* path) {
  if (library != NULL) acquired(BULKHEAD_LEDGER_LIBRARY, key_of(library), 0, site, call, path);
  return library;
}

HOOK_OF(void*, dlopen, (const char* path, int mode)) { return opened(real_dlopen(path, mode), SITE, "dlopen", path); }

HOOK_OF(void*, dlmopen, (Lmid_t space, const char* path, int mode)) {
  return opened(real_dlmopen(space, path, mode), SITE, "dlmopen", path);
}

HOOK_OF(int, dlclose, (void* library)) {
  given_back(BULKHEAD_LEDGER_LIBRARY, key_of(library));
  return real_dlclose(library);
}
