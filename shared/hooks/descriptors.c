/* Descriptors of every origin. */
#include "shared/hooks/wrap.h"

#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static int opened(int descriptor, const void* site, const char* call, const char* text) {
  if (descriptor >= 0) acquired(BULKHEAD_LEDGER_DESCRIPTOR, (uint64_t)descriptor, 0, site, call, text);
  return descriptor;
}

static int opened_pair(int result, const int pair[2], const void* site, const char* call) {
  if (result != 0) return result;
  opened(pair[0], site, call, NULL);
  opened(pair[1], site, call, NULL);
  return result;
}

/* A function that returns a new descriptor. */
#define OPENING(name, parameters, arguments, text) \
  HOOK_OF(int, name, parameters) { return opened(real_##name arguments, SITE, #name, text); }

/* ---- files */

static int has_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define READ_MODE(mode, flags)           \
  mode_t mode = 0;                       \
  if (has_mode(flags)) {                 \
    va_list more;                        \
    va_start(more, flags);               \
    mode = (mode_t)va_arg(more, mode_t); \
    va_end(more);                        \
  }

#define OPENING_FILE(name)                                            \
  HOOK_OF(int, name, (const char* path, int flags, ...)) {            \
    READ_MODE(mode, flags)                                            \
    return opened(real_##name(path, flags, mode), SITE, #name, path); \
  }
#define OPENING_FILE_AT(name)                                                 \
  HOOK_OF(int, name, (int folder, const char* path, int flags, ...)) {        \
    READ_MODE(mode, flags)                                                    \
    return opened(real_##name(folder, path, flags, mode), SITE, #name, path); \
  }

OPENING_FILE(open)
OPENING_FILE(open64)
OPENING_FILE_AT(openat)
OPENING_FILE_AT(openat64)
OPENING(creat, (const char* path, mode_t mode), (path, mode), path)
OPENING(creat64, (const char* path, mode_t mode), (path, mode), path)
OPENING(__open_2, (const char* path, int flags), (path, flags), path)
OPENING(__open64_2, (const char* path, int flags), (path, flags), path)
OPENING(__openat_2, (int folder, const char* path, int flags), (folder, path, flags), path)
OPENING(__openat64_2, (int folder, const char* path, int flags), (folder, path, flags), path)
OPENING(mkstemp, (char* path), (path), path)
OPENING(mkstemp64, (char* path), (path), path)
OPENING(mkostemp, (char* path, int flags), (path, flags), path)
OPENING(mkostemp64, (char* path, int flags), (path, flags), path)
OPENING(mkstemps, (char* path, int suffix), (path, suffix), path)
OPENING(mkstemps64, (char* path, int suffix), (path, suffix), path)
OPENING(mkostemps, (char* path, int suffix, int flags), (path, suffix, flags), path)
OPENING(mkostemps64, (char* path, int suffix, int flags), (path, suffix, flags), path)
OPENING(shm_open, (const char* name, int flags, mode_t mode), (name, flags, mode), name)
OPENING(memfd_create, (const char* name, unsigned flags), (name, flags), name)
OPENING(posix_openpt, (int flags), (flags), NULL)
OPENING(getpt, (void), (), NULL)

HOOK_OF(int, openpty,
        (int* master, int* slave, char* name, const struct termios* terminal, const struct winsize* size)) {
  const int result = real_openpty(master, slave, name, terminal, size);
  const int pair[2] = {result == 0 ? *master : -1, result == 0 ? *slave : -1};
  return opened_pair(result, pair, SITE, "openpty");
}

HOOK_OF(mqd_t, mq_open, (const char* name, int flags, ...)) {
  mode_t mode = 0;
  struct mq_attr* attributes = NULL;
  if ((flags & O_CREAT) != 0) {
    va_list more;
    va_start(more, flags);
    mode = (mode_t)va_arg(more, mode_t);
    attributes = va_arg(more, struct mq_attr*);
    va_end(more);
  }
  return opened(real_mq_open(name, flags, mode, attributes), SITE, "mq_open", name);
}

OPENING(__mq_open_2, (const char* name, int flags), (name, flags), name)

HOOK_OF(int, mq_close, (mqd_t queue)) {
  given_back(BULKHEAD_LEDGER_DESCRIPTOR, (uint64_t)queue);
  return real_mq_close(queue);
}

/* ---- sockets, pipes and what the kernel makes files of */

OPENING(socket, (int domain, int type, int protocol), (domain, type, protocol), NULL)
OPENING(accept, (int server, struct sockaddr* address, socklen_t* size), (server, address, size), NULL)
OPENING(accept4, (int server, struct sockaddr* address, socklen_t* size, int flags), (server, address, size, flags),
        NULL)
OPENING(eventfd, (unsigned value, int flags), (value, flags), NULL)
OPENING(epoll_create, (int size), (size), NULL)
OPENING(epoll_create1, (int flags), (flags), NULL)
OPENING(timerfd_create, (int clock, int flags), (clock, flags), NULL)
OPENING(inotify_init, (void), (), NULL)
OPENING(inotify_init1, (int flags), (flags), NULL)
OPENING(fanotify_init, (unsigned flags, unsigned event_flags), (flags, event_flags), NULL)
OPENING(pidfd_open, (pid_t process, unsigned flags), (process, flags), NULL)
OPENING(pidfd_getfd, (int process, int descriptor, unsigned flags), (process, descriptor, flags), NULL)

HOOK_OF(int, signalfd, (int descriptor, const sigset_t* signals, int flags)) {
  const int result = real_signalfd(descriptor, signals, flags);
  return descriptor == -1 ? opened(result, SITE, "signalfd", NULL) : result; /* else it changed an old one */
}

HOOK_OF(int, socketpair, (int domain, int type, int protocol, int pair[2])) {
  return opened_pair(real_socketpair(domain, type, protocol, pair), pair, SITE, "socketpair");
}
HOOK_OF(int, pipe, (int pair[2])) { return opened_pair(real_pipe(pair), pair, SITE, "pipe"); }
HOOK_OF(int, pipe2, (int pair[2], int flags)) { return opened_pair(real_pipe2(pair, flags), pair, SITE, "pipe2"); }

/* ---- second numbers of open files */

static int duplicated(int result, int descriptor, const void* site, const char* call) {
  char text[24];
  snprintf(text, sizeof text, "of %d", descriptor);
  return opened(result, site, call, text);
}

/* Whether the number stands for a file that somebody else opened: 1, say. It stays theirs, whatever is put there. */
static int is_foreign(int number) {
  return bulkhead_ledger_takes_notes(ledger()) &&
         !bulkhead_ledger_holds(ledger(), BULKHEAD_LEDGER_DESCRIPTOR, (uint64_t)number) && fcntl(number, F_GETFD) != -1;
}

HOOK_OF(int, dup, (int descriptor)) { return duplicated(real_dup(descriptor), descriptor, SITE, "dup"); }

HOOK_OF(int, dup2, (int descriptor, int number)) {
  const int keeps_owner = descriptor == number || is_foreign(number);
  const int result = real_dup2(descriptor, number);
  return keeps_owner ? result : duplicated(result, descriptor, SITE, "dup2");
}

HOOK_OF(int, dup3, (int descriptor, int number, int flags)) {
  const int keeps_owner = is_foreign(number);
  const int result = real_dup3(descriptor, number, flags);
  return keeps_owner ? result : duplicated(result, descriptor, SITE, "dup3");
}

/* libc reads one word whatever the command is. */
#define CONTROLLING(name)                                                     \
  HOOK_OF(int, name, (int descriptor, int command, ...)) {                    \
    va_list more;                                                             \
    va_start(more, command);                                                  \
    void* const argument = va_arg(more, void*);                               \
    va_end(more);                                                             \
    const int result = real_##name(descriptor, command, argument);            \
    const int duplicates = command == F_DUPFD || command == F_DUPFD_CLOEXEC;  \
    return duplicates ? duplicated(result, descriptor, SITE, #name) : result; \
  }

CONTROLLING(fcntl)
CONTROLLING(fcntl64)

/* ---- descriptors that come in messages */

static void received(const struct msghdr* message, const void* site, const char* call) {
  if (message->msg_controllen < sizeof(struct cmsghdr)) return;
  for (struct cmsghdr* part = CMSG_FIRSTHDR(message); part != NULL;
       part = CMSG_NXTHDR((struct msghdr*)(uintptr_t)message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS || part->cmsg_len < CMSG_LEN(0)) continue;
    const size_t size = part->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(part) + at, sizeof descriptor);
      opened(descriptor, site, call, "received");
    }
  }
}

HOOK_OF(ssize_t, recvmsg, (int socket, struct msghdr* message, int flags)) {
  const ssize_t result = real_recvmsg(socket, message, flags);
  if (result >= 0) received(message, SITE, "recvmsg");
  return result;
}

HOOK_OF(int, recvmmsg, (int socket, struct mmsghdr* messages, unsigned count, int flags, struct timespec* timeout)) {
  const int result = real_recvmmsg(socket, messages, count, flags, timeout);
  for (int i = 0; i < result; ++i) received(&messages[i].msg_hdr, SITE, "recvmmsg");
  return result;
}

/* ---- the end */

HOOK_OF(int, close, (int descriptor)) {
  given_back(BULKHEAD_LEDGER_DESCRIPTOR, (uint64_t)descriptor);
  return real_close(descriptor);
}

HOOK_OF(int, close_range, (unsigned first, unsigned last, int flags)) {
  if (((unsigned)flags & CLOSE_RANGE_CLOEXEC) == 0) {
    bulkhead_ledger_remove_range(ledger(), BULKHEAD_LEDGER_DESCRIPTOR, first, last);
  }
  return real_close_range(first, last, flags);
}

HOOK_OF(void, closefrom, (int first)) {
  bulkhead_ledger_remove_range(ledger(), BULKHEAD_LEDGER_DESCRIPTOR, first > 0 ? (uint64_t)first : 0, INT_MAX);
  real_closefrom(first);
}
