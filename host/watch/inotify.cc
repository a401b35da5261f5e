#include "host/watch/inotify.h"

#include "shared/posix/errno_error.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace bulkhead::watch {
namespace {

constexpr std::uint32_t kSelf = IN_MOVE_SELF | IN_DELETE_SELF;
// Without IN_MODIFY, of which there would be many, about whatever else is in the directory.
constexpr std::uint32_t kEntries = kSelf | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;

constexpr std::uint32_t maskOf(Interest interest) noexcept {
  constexpr std::uint32_t kAlways = IN_MASK_ADD | IN_DONT_FOLLOW;
  switch (interest) {
    case Interest::entries: return kAlways | kEntries | IN_ONLYDIR;
    case Interest::self: return kAlways | kSelf | IN_ONLYDIR;
    case Interest::content: break;
  }
  return kAlways | IN_CLOSE_WRITE | IN_MODIFY;
}

Event::What whatIs(std::uint32_t mask) noexcept {
  if ((mask & IN_Q_OVERFLOW) != 0) return Event::What::overflow;
  if ((mask & IN_IGNORED) != 0) return Event::What::ended;
  if ((mask & (kSelf | IN_UNMOUNT)) != 0) return Event::What::selfGone;
  if ((mask & IN_CLOSE_WRITE) != 0) return Event::What::written;
  if ((mask & IN_MODIFY) != 0) return Event::What::modified;
  if ((mask & IN_MOVED_TO) != 0) return Event::What::movedHere;
  if ((mask & IN_CREATE) != 0) return Event::What::created;
  return Event::What::gone;
}

Error noInstance(int code) {
  return Error(ErrorKind::resourceExhausted,
               posix::errnoText("files cannot be watched", code) +
                   (code == EMFILE ? ": raise the sysctl fs.inotify.max_user_instances, or the limit of open "
                                     "descriptors of this process (ulimit -n)"
                                   : ""));
}

Error noWatch(const std::string& path, int code) {
  if (code == ENOSPC) {
    return Error(ErrorKind::resourceExhausted,
                 path +
                     " cannot be watched: this user has as many inotify watches as the sysctl "
                     "fs.inotify.max_user_watches allows: raise it");
  }
  const auto kind = code == EACCES ? ErrorKind::requirementNotMet : ErrorKind::resourceExhausted;
  return Error(kind, posix::errnoText(path + " cannot be watched", code) +
                         (code == EACCES ? ": this user must be allowed to read it" : ""));
}

}  // namespace

Result<Inotify> Inotify::open() {
  posix::UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) return noInstance(errno);
  return Inotify(std::move(fd));
}

Result<std::optional<int>> Inotify::add(const std::string& path, Interest interest) {
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), maskOf(interest));
  if (watch >= 0) return std::optional<int>(watch);
  const int code = errno;
  if (code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG) return std::optional<int>();
  return noWatch(path, code);
}

void Inotify::remove(int watch) noexcept { ::inotify_rm_watch(fd_.get(), watch); }

void Inotify::read(const std::function<void(const Event&)>& onEvent) {
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      onEvent({whatIs(event.mask), event.wd, std::string_view(name, ::strnlen(name, event.len))});
      at += sizeof event + event.len;
    }
  }
}

}  // namespace bulkhead::watch
