/* Functions of libc whose result the caller frees. Libc's blocks are copied into the module's heap, so that a module
 * may free and realloc them, and what it does not free is in the ledger. Not here: what libc itself frees again
 * (getaddrinfo, glob, ...), and what cannot be told from outside: scanf's %m, argz; nor tempnam, whose mere mention
 * makes the linker warn. */
#include "shared/hooks/heap_hooks.h"
#include "shared/hooks/hooks.h"
#include "shared/runtime/heap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef int (*Selector)(const struct dirent*);
typedef int (*Comparer)(const struct dirent**, const struct dirent**);

void __real_free(void* pointer);
int __real_vasprintf(char** text, const char* format, va_list arguments);
int __real___vasprintf_chk(char** text, int flag, const char* format, va_list arguments);
char* __real_realpath(const char* path, char* resolved);
char* __real___realpath_chk(const char* path, char* resolved, size_t room);
char* __real_canonicalize_file_name(const char* path);
char* __real_getcwd(char* buffer, size_t size);
char* __real___getcwd_chk(char* buffer, size_t size, size_t room);
char* __real_get_current_dir_name(void);
int __real_scandirat(int folder, const char* path, struct dirent*** names, Selector selector, Comparer comparer);
char** __real_backtrace_symbols(void* const* frames, int count);

/* The module's copy of a block of libc, which is freed; NULL without memory. */
static void* adopt(void* block, size_t size, size_t room, const void* site) {
  void* const copy = bulkhead_hooks_copy(block, size, room, site);
  __real_free(block);
  return copy;
}

static char* adopt_text(char* text, const void* site) {
  if (text == NULL) return NULL;
  const size_t size = strlen(text) + 1;
  return adopt(text, size, size, site);
}

/* ---- formatted texts */

static int adopt_formatted(char** out, char* text, int length, const void* site) {
  if (length < 0) return length;
  *out = adopt(text, (size_t)length + 1, (size_t)length + 1, site);
  return *out != NULL ? length : -1;
}

static int format(char** out, const char* text, va_list arguments, const void* site) {
  char* made = NULL;
  const int length = __real_vasprintf(&made, text, arguments);
  return adopt_formatted(out, made, length, site);
}

static int format_checked(char** out, int flag, const char* text, va_list arguments, const void* site) {
  char* made = NULL;
  const int length = __real___vasprintf_chk(&made, flag, text, arguments);
  return adopt_formatted(out, made, length, site);
}

HOOK int __wrap_vasprintf(char** out, const char* text, va_list arguments) {
  return format(out, text, arguments, SITE);
}

HOOK int __wrap_asprintf(char** out, const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const int length = format(out, text, arguments, SITE);
  va_end(arguments);
  return length;
}

HOOK int __wrap___asprintf(char** out, const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const int length = format(out, text, arguments, SITE);
  va_end(arguments);
  return length;
}

HOOK int __wrap___vasprintf_chk(char** out, int flag, const char* text, va_list arguments) {
  return format_checked(out, flag, text, arguments, SITE);
}

HOOK int __wrap___asprintf_chk(char** out, int flag, const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const int length = format_checked(out, flag, text, arguments, SITE);
  va_end(arguments);
  return length;
}

/* ---- lines: libc would realloc the module's buffer */

static int grow_line(char** line, size_t* size, const void* site) {
  const size_t grown = *line == NULL || *size == 0 ? 120 : *size * 2;
  char* const moved = bulkhead_heap_realloc(ledger(), *line, grown, site);
  if (moved == NULL) return 0;
  *line = moved;
  *size = grown;
  return 1;
}

/* With the stream locked. */
static ssize_t read_line(char** line, size_t* size, int delimiter, FILE* stream, const void* site) {
  if ((*line == NULL || *size == 0) && !grow_line(line, size, site)) return -1;
  size_t length = 0;
  for (int c = 0; c != delimiter || length == 0;) {
    c = getc_unlocked(stream);
    if (c == EOF) break;
    if (length + 1 >= *size && !grow_line(line, size, site)) return -1;
    (*line)[length++] = (char)c;
    if (c == delimiter) break;
  }
  if (length == 0) return -1;
  (*line)[length] = '\0';
  return (ssize_t)length;
}

static ssize_t get_line(char** line, size_t* size, int delimiter, FILE* stream, const void* site) {
  if (line == NULL || size == NULL) {
    errno = EINVAL;
    return -1;
  }
  flockfile(stream);
  const ssize_t length = read_line(line, size, delimiter, stream, site);
  funlockfile(stream);
  return length;
}

HOOK ssize_t __wrap_getline(char** line, size_t* size, FILE* stream) {
  return get_line(line, size, '\n', stream, SITE);
}
HOOK ssize_t __wrap_getdelim(char** line, size_t* size, int delimiter, FILE* stream) {
  return get_line(line, size, delimiter, stream, SITE);
}
HOOK ssize_t __wrap___getdelim(char** line, size_t* size, int delimiter, FILE* stream) {
  return get_line(line, size, delimiter, stream, SITE);
}

/* ---- paths */

HOOK char* __wrap_realpath(const char* path, char* resolved) {
  char* const found = __real_realpath(path, resolved);
  return resolved != NULL ? found : adopt_text(found, SITE);
}
HOOK char* __wrap___realpath_chk(const char* path, char* resolved, size_t room) {
  char* const found = __real___realpath_chk(path, resolved, room);
  return resolved != NULL ? found : adopt_text(found, SITE);
}
HOOK char* __wrap_canonicalize_file_name(const char* path) {
  return adopt_text(__real_canonicalize_file_name(path), SITE);
}
HOOK char* __wrap_get_current_dir_name(void) { return adopt_text(__real_get_current_dir_name(), SITE); }

/* Libc makes a buffer of `size` bytes, if that is not 0. */
static char* adopt_folder(char* folder, size_t size, const void* site) {
  if (folder == NULL) return NULL;
  const size_t length = strlen(folder) + 1;
  return adopt(folder, length, size > length ? size : length, site);
}

HOOK char* __wrap_getcwd(char* buffer, size_t size) {
  char* const folder = __real_getcwd(buffer, size);
  return buffer != NULL ? folder : adopt_folder(folder, size, SITE);
}
HOOK char* __wrap___getcwd_chk(char* buffer, size_t size, size_t room) {
  char* const folder = __real___getcwd_chk(buffer, size, room);
  return buffer != NULL ? folder : adopt_folder(folder, size, SITE);
}

/* ---- lists */

static void free_names(struct dirent** names, int count) {
  for (int i = 0; i < count; ++i) bulkhead_heap_free(ledger(), names[i], NULL);
  bulkhead_heap_free(ledger(), names, NULL);
}

/* `count` is what scandir returned. */
static int adopt_names(struct dirent*** names, struct dirent** found, int count, const void* site) {
  if (count < 0) return count;
  struct dirent** const copy = bulkhead_heap_calloc(ledger(), (size_t)count + 1, sizeof *copy, site);
  int adopted = 0;
  for (int i = 0; i < count; ++i) {
    struct dirent* const name =
        copy != NULL ? bulkhead_hooks_copy(found[i], found[i]->d_reclen, found[i]->d_reclen, site) : NULL;
    if (name != NULL) copy[adopted++] = name;
    __real_free(found[i]);
  }
  __real_free(found);
  if (copy != NULL && adopted == count) {
    *names = copy;
    return count;
  }
  free_names(copy, adopted);
  errno = ENOMEM;
  return -1;
}

static int scan(int folder, const char* path, struct dirent*** names, Selector selector, Comparer comparer,
                const void* site) {
  struct dirent** found = NULL;
  const int count = __real_scandirat(folder, path, &found, selector, comparer);
  return adopt_names(names, found, count, site);
}

HOOK int __wrap_scandir(const char* path, struct dirent*** names, Selector selector, Comparer comparer) {
  return scan(AT_FDCWD, path, names, selector, comparer, SITE);
}
HOOK int __wrap_scandirat(int folder, const char* path, struct dirent*** names, Selector selector, Comparer comparer) {
  return scan(folder, path, names, selector, comparer, SITE);
}
/* The same functions and the same struct, where off_t has 64 bits. */
HOOK int __wrap_scandir64(const char* path, struct dirent*** names, Selector selector, Comparer comparer) {
  return scan(AT_FDCWD, path, names, selector, comparer, SITE);
}
HOOK int __wrap_scandirat64(int folder, const char* path, struct dirent*** names, Selector selector,
                            Comparer comparer) {
  return scan(folder, path, names, selector, comparer, SITE);
}

/* One block: pointers, and behind them the texts. */
HOOK char** __wrap_backtrace_symbols(void* const* frames, int count) {
  char** const found = __real_backtrace_symbols(frames, count);
  if (found == NULL || count <= 0) return found == NULL ? NULL : adopt(found, 0, sizeof *found, SITE);
  const char* const last = found[count - 1];
  const size_t size = (size_t)(last - (const char*)found) + strlen(last) + 1;
  char** const copy = bulkhead_hooks_copy(found, size, size, SITE);
  for (int i = 0; copy != NULL && i < count; ++i) copy[i] = (char*)copy + (found[i] - (char*)found);
  __real_free(found);
  return copy;
}
