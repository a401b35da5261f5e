#include "host/module_file/copy.h"

#include "shared/manifest/content_hash.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace bulkhead::module_file {
namespace {

constexpr std::size_t kBlockBytes = 256 << 10;

Error notAModule(std::string_view where, std::string_view predicate) {
  return Error(ErrorKind::notAModule, std::string(where).append(" ").append(predicate));
}

Result<struct stat> statusOf(int fd, std::string_view where) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return notAModule(where, "cannot be examined: " + std::system_category().message(errno));
  }
  return status;
}

// Not the ctime: renaming a new file over this one, the right way to deploy, changes that and nothing else.
bool isUnchanged(const struct stat& before, const struct stat& after) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

Result<void> writeAll(int fd, const char* bytes, std::size_t size, std::string_view where) {
  while (size > 0) {
    const ssize_t wrote = ::write(fd, bytes, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      return Error(ErrorKind::resourceExhausted, std::string(where) + ": its private copy cannot be written: " +
                                                     std::system_category().message(errno));
    }
    bytes += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return {};
}

}  // namespace

// Read and written through one buffer, not by copy_file_range: every byte is looked at for the hash in any case.
Result<CopiedContent> copyContent(int from, int to, std::string_view where) {
  const Result<struct stat> before = statusOf(from, where);
  if (!before) return before.error();
  if (S_ISDIR(before->st_mode)) return notAModule(where, "is a directory");
  if (!S_ISREG(before->st_mode)) return notAModule(where, "is not a regular file");
  const auto size = static_cast<std::uint64_t>(before->st_size);
  if (size > kMaxFileBytes) return notAModule(where, "is larger than 1 GiB");

  const auto block = std::make_unique_for_overwrite<char[]>(kBlockBytes);
  CopiedContent content;
  manifest::ContentHash hash;
  while (content.sizeBytes < size) {
    const std::size_t want = std::min<std::uint64_t>(size - content.sizeBytes, kBlockBytes);
    const ssize_t got = ::pread(from, block.get(), want, static_cast<off_t>(content.sizeBytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return notAModule(where, "cannot be read: " + std::system_category().message(errno));
    if (got == 0) return notAModule(where, "was shortened while it was copied: load it once it is written");
    const auto bytes = static_cast<std::size_t>(got);
    hash.add(block.get(), bytes);
    if (Result<void> written = writeAll(to, block.get(), bytes, where); !written) return std::move(written).error();
    content.sizeBytes += bytes;
  }
  const Result<struct stat> after = statusOf(from, where);
  if (!after) return after.error();
  if (!isUnchanged(*before, *after))
    return notAModule(where, "changed while it was copied: load it once it is written");
  content.hash = hash.value();
  return content;
}

}  // namespace bulkhead::module_file
