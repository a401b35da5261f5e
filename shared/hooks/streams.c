/* Streams and directories. The descriptor under one is its own: what moves into a stream leaves the descriptors. */
#include "shared/hooks/wrap.h"

#include <dirent.h>
#include <stdio.h>
#include <wchar.h>

static FILE* opened(FILE* stream, const void* site, const char* call, const char* text) {
  if (stream != NULL) acquired(BULKHEAD_LEDGER_STREAM, key_of(stream), 0, site, call, text);
  return stream;
}

/* A function that returns a new stream. */
#define OPENING(name, parameters, arguments, text) \
  HOOK_OF(FILE*, name, parameters) { return opened(real_##name arguments, SITE, #name, text); }

OPENING(fopen, (const char* path, const char* mode), (path, mode), path)
OPENING(fopen64, (const char* path, const char* mode), (path, mode), path)
OPENING(tmpfile, (void), (), NULL)
OPENING(tmpfile64, (void), (), NULL)
OPENING(fmemopen, (void* buffer, size_t size, const char* mode), (buffer, size, mode), NULL)
OPENING(open_memstream, (char** buffer, size_t* size), (buffer, size), NULL)
OPENING(open_wmemstream, (wchar_t * *buffer, size_t* size), (buffer, size), NULL)
OPENING(fopencookie, (void* cookie, const char* mode, cookie_io_functions_t functions), (cookie, mode, functions), NULL)
OPENING(popen, (const char* command, const char* mode), (command, mode), command)

HOOK_OF(FILE*, fdopen, (int descriptor, const char* mode)) {
  char text[32];
  FILE* const stream = real_fdopen(descriptor, mode);
  if (stream == NULL) return NULL;
  given_back(BULKHEAD_LEDGER_DESCRIPTOR, (uint64_t)descriptor);
  snprintf(text, sizeof text, "of %d", descriptor);
  return opened(stream, SITE, "fdopen", text);
}

/* The stream stays whose it was; after a failure nobody may use it any more. */
#define REOPENING(name)                                                      \
  HOOK_OF(FILE*, name, (const char* path, const char* mode, FILE* stream)) { \
    const int own = given_back(BULKHEAD_LEDGER_STREAM, key_of(stream));      \
    FILE* const result = real_##name(path, mode, stream);                    \
    return own ? opened(result, SITE, #name, path) : result;                 \
  }

REOPENING(freopen)
REOPENING(freopen64)

HOOK_OF(int, fclose, (FILE * stream)) {
  given_back(BULKHEAD_LEDGER_STREAM, key_of(stream));
  return real_fclose(stream);
}

HOOK_OF(int, pclose, (FILE * stream)) {
  given_back(BULKHEAD_LEDGER_STREAM, key_of(stream));
  return real_pclose(stream);
}

/* ---- directories */

HOOK_OF(DIR*, opendir, (const char* path)) {
  DIR* const folder = real_opendir(path);
  if (folder != NULL) acquired(BULKHEAD_LEDGER_DIRECTORY, key_of(folder), 0, SITE, "opendir", path);
  return folder;
}

HOOK_OF(DIR*, fdopendir, (int descriptor)) {
  DIR* const folder = real_fdopendir(descriptor);
  if (folder == NULL) return NULL;
  given_back(BULKHEAD_LEDGER_DESCRIPTOR, (uint64_t)descriptor);
  acquired(BULKHEAD_LEDGER_DIRECTORY, key_of(folder), 0, SITE, "fdopendir", NULL);
  return folder;
}

HOOK_OF(int, closedir, (DIR * folder)) {
  given_back(BULKHEAD_LEDGER_DIRECTORY, key_of(folder));
  return real_closedir(folder);
}
