#include "shared/manifest/acquiring.h"

#include <algorithm>
#include <array>

namespace bulkhead::manifest {
namespace {

constexpr std::array<std::string_view, 10> kHeap = {
    "aligned_alloc",  "calloc",  "free",         "malloc", "memalign",
    "posix_memalign", "realloc", "reallocarray", "strdup", "strndup",
};

// One that the hooks learn to wrap leaves this list; a test compares it with shared/hooks/wraps.txt. Not here: what a
// static C++ runtime calls by itself (syscall, setlocale, newlocale, iconv_open ...).
constexpr std::string_view kUnseen[] = {
    // the heap
    "__libc_calloc",
    "__libc_free",
    "__libc_malloc",
    "__libc_memalign",
    "__libc_realloc",
    "cfree",
    "pvalloc",
    "valloc",
    "brk",
    "sbrk",
    // descriptors
    "fanotify_init",
    "fsmount",
    "fsopen",
    "fspick",
    "getpt",
    "mq_open",
    "__mq_open_2",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "posix_openpt",
    "userfaultfd",
    "io_uring_setup",
    "memfd_secret",
    // system calls that no name tells
    "clone",
    "__clone",
    "clone3",
    // threads that libc makes
    "mq_notify",
    "aio_read",
    "aio_read64",
    "aio_write",
    "aio_write64",
    "aio_fsync",
    "aio_fsync64",
    "getaddrinfo_a",
    "lio_listio",
    "lio_listio64",
    // shared memory and semaphores with names of their own
    "shmat",
    "shmget",
    "semget",
    "msgget",
    "sem_open",
    // tables that keep a pointer or a block
    "argp_parse",
    "dlmopen",
    "hcreate",
    "hcreate_r",
    "openlog",
    "pthread_atfork",
    "__register_atfork",
    "putenv",
    "register_printf_function",
    "register_printf_specifier",
    "sigaltstack",
    "sigstack",
    "tsearch",
    // what libc hands out from its own heap
    "getifaddrs",
    "getaddrinfo",
    "glob",
    "glob64",
    "wordexp",
    "regcomp",
    "duplocale",
    "posix_spawn_file_actions_init",
    "ftw",
    "ftw64",
    "nftw",
    "nftw64",
    "fts_open",
    "fts64_open",
};

}  // namespace

bool isHeapFunction(std::string_view name) { return std::find(kHeap.begin(), kHeap.end(), name) != kHeap.end(); }

bool isUnseenByHooks(std::string_view name) {
  return std::find(std::begin(kUnseen), std::end(kUnseen), name) != std::end(kUnseen);
}

}  // namespace bulkhead::manifest
