#include "host/module_file/private_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace bulkhead::module_file {
namespace {

constexpr std::string_view kPrefix = "bulkhead-";

std::vector<std::string> candidates() {
  std::vector<std::string> bases;
  for (const char* variable : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    const char* value = ::secure_getenv(variable);
    if (value != nullptr && value[0] == '/') bases.emplace_back(value);
  }
  bases.emplace_back("/tmp");
  bases.emplace_back("/var/tmp");
  return bases;
}

// Code can be mapped from there. Whether it can be written shows when the directory is made.
bool isUsable(const std::string& base) {
  struct statvfs mount {};
  return ::statvfs(base.c_str(), &mount) == 0 && (mount.f_flag & (ST_NOEXEC | ST_RDONLY)) == 0;
}

posix::UniqueFd openDirectory(int at, const char* name) {
  return posix::UniqueFd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

struct CloseListing {
  void operator()(DIR* listing) const { ::closedir(listing); }
};
using Listing = std::unique_ptr<DIR, CloseListing>;

// Null if the directory cannot be listed. `fd` stays the caller's.
Listing list(int fd) {
  posix::UniqueFd own = openDirectory(fd, ".");
  Listing listing(own ? ::fdopendir(own.get()) : nullptr);
  if (listing != nullptr) static_cast<void>(own.release());
  return listing;
}

void emptyDirectory(int fd) {
  const Listing files = list(fd);
  if (files == nullptr) return;
  while (const dirent* entry = ::readdir(files.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") ::unlinkat(fd, entry->d_name, 0);
  }
}

// Removes `name` in `base` if it is ours and no living process holds its lock.
void removeIfAbandoned(int base, const char* name) {
  const posix::UniqueFd fd = openDirectory(base, name);
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || status.st_uid != ::geteuid()) return;
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return;
  emptyDirectory(fd.get());
  ::unlinkat(base, name, AT_REMOVEDIR);
}

// As makeIn() forms it: bulkhead-PID.XXXXXX. Others may have folders whose names begin alike.
bool isOurName(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const std::size_t digits = name.find_first_not_of("0123456789");
  constexpr std::size_t kRandom = 6;
  return digits != 0 && digits != name.npos && name[digits] == '.' && name.size() == digits + 1 + kRandom;
}

void removeAbandoned(const std::string& path) {
  const posix::UniqueFd base = openDirectory(AT_FDCWD, path.c_str());
  const Listing entries = list(base.get());
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (isOurName(entry->d_name)) removeIfAbandoned(base.get(), entry->d_name);
  }
}

// Takes the lock and looks whether another process took the directory for abandoned in between.
bool claim(const std::string& path, int fd) {
  struct stat opened {};
  struct stat named {};
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

PrivateDirectory::PrivateDirectory(std::string path, posix::UniqueFd fd)
    : path_(std::move(path)), fd_(std::move(fd)), owner_(::getpid()) {}

PrivateDirectory::~PrivateDirectory() {
  if (owner_ == ::getpid()) ::rmdir(path_.c_str());
}

Result<std::shared_ptr<PrivateDirectory>> PrivateDirectory::shared() {
  static std::mutex mutex;
  static std::weak_ptr<PrivateDirectory> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<PrivateDirectory> existing = current.lock();
  // A forked child makes its own.
  if (existing != nullptr && existing->owner_ == ::getpid()) return existing;
  Result<std::shared_ptr<PrivateDirectory>> made = make();
  if (made) current = *made;
  return made;
}

Result<std::shared_ptr<PrivateDirectory>> PrivateDirectory::make() {
  std::string tried;
  for (const std::string& base : candidates()) {
    tried.append(tried.empty() ? "" : ", ").append(base);
    if (!isUsable(base)) continue;
    removeAbandoned(base);
    if (std::shared_ptr<PrivateDirectory> made = makeIn(base)) return made;
  }
  return Error(ErrorKind::resourceExhausted, "no directory for private copies of modules (tried " + tried +
                                                 "): set TMPDIR to one that can be written and is not mounted noexec");
}

std::shared_ptr<PrivateDirectory> PrivateDirectory::makeIn(const std::string& base) {
  constexpr int kAttempts = 8;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string path = base + "/" + std::string(kPrefix) + std::to_string(::getpid()) + ".XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return nullptr;
    posix::UniqueFd fd = openDirectory(AT_FDCWD, path.c_str());
    if (fd && claim(path, fd.get())) {
      return std::shared_ptr<PrivateDirectory>(new PrivateDirectory(std::move(path), std::move(fd)));
    }
    ::rmdir(path.c_str());
  }
  return nullptr;
}

}  // namespace bulkhead::module_file
