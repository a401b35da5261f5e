#include "shared/manifest/bounded_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace bulkhead::manifest {

BoundedFile::BoundedFile(int fd) : fd_(fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    throw Corrupt("cannot be examined: " + std::system_category().message(errno));
  }
  if (S_ISDIR(status.st_mode)) throw Corrupt("is a directory");
  if (!S_ISREG(status.st_mode)) throw Corrupt("is not a regular file");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void BoundedFile::read(std::uint64_t offset, void* to, std::size_t size) const {
  auto* bytes = static_cast<std::byte*>(to);
  while (size > 0) {
    const ssize_t got = ::pread(fd_, bytes, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Corrupt("cannot be read: " + std::system_category().message(errno));
    if (got == 0) throw Corrupt("is truncated: it ended while it was read");
    const auto read = static_cast<std::size_t>(got);
    bytes += read;
    offset += read;
    size -= read;
  }
}

std::string BoundedFile::readString(std::uint64_t offset, std::uint64_t limit) const {
  if (!holds(offset, limit)) throw Corrupt("is truncated: its string table reaches past its end");
  char buffer[kMaxString];
  std::uint64_t have = 0;
  const std::uint64_t most = std::min<std::uint64_t>(limit, sizeof buffer);
  std::uint64_t step = 128;  // nearly all names are shorter
  while (have < most) {
    const std::uint64_t next = std::min(most - have, step);
    read(offset + have, buffer + have, next);
    const void* end = std::memchr(buffer + have, 0, next);
    if (end != nullptr) return std::string(static_cast<const char*>(buffer), static_cast<const char*>(end));
    have += next;
    step = sizeof buffer;
  }
  throw Corrupt("is corrupt: a name in its string table has no end");
}

}  // namespace bulkhead::manifest
