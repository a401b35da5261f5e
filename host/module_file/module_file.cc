#include "host/module_file/module_file.h"

#include "host/module_file/copy.h"
#include "host/module_file/originals.h"
#include "shared/manifest/deferred_constructors.h"
#include "shared/manifest/dependencies.h"
#include "shared/manifest/seal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace bulkhead::module_file {
namespace {

Error noCopy(const std::string& name, int code) {
  return Error(ErrorKind::resourceExhausted,
               name + ": its private copy cannot be made: " + std::system_category().message(code));
}

// Unlike any before, also after a fork: the process id is part of it.
std::string uniqueFileName(std::string stem) {
  static std::atomic<std::uint64_t> generation{0};
  constexpr std::size_t kMaxStem = 100;
  stem.resize(std::min(stem.size(), kMaxStem));
  const auto isPlain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._-+").find(c) != std::string_view::npos;
  };
  std::replace_if(
      stem.begin(), stem.end(), [&](char c) { return !isPlain(c); }, '_');
  return stem + "." + std::to_string(::getpid()) + "." + std::to_string(++generation) + ".so";
}

// Whether it says that what it acquires is in a ledger.
bool hasHooks(const manifest::Manifest& manifest) {
  return std::any_of(manifest.build.begin(), manifest.build.end(),
                     [](const auto& pair) { return pair.first == "ledger" && pair.second != "none"; });
}

// "codec" of "/opt/codec.so" and of "codec.so.2".
std::string stemOf(const std::string& path) {
  const std::string file = std::filesystem::path(path).filename().string();
  const std::size_t suffix = file.find(".so");
  return suffix == 0 ? file : file.substr(0, suffix);
}

}  // namespace

Result<ModuleFile> ModuleFile::open(const std::string& path) {
  Result<std::shared_ptr<PrivateDirectory>> directory = PrivateDirectory::shared();
  if (!directory) return directory.error();
  ModuleFile file(*std::move(directory));
  if (Result<void> named = file.takeName(path); !named) return std::move(named).error();
  if (Result<void> copied = file.copyFrom(path); !copied) return std::move(copied).error();
  return file;
}

ModuleFile::ModuleFile(ModuleFile&& other) noexcept
    : directory_(std::move(other.directory_)),
      fileName_(std::exchange(other.fileName_, {})),
      path_(std::move(other.path_)),
      originalPath_(std::move(other.originalPath_)),
      name_(std::move(other.name_)),
      fd_(std::move(other.fd_)),
      owner_(other.owner_),
      device_(other.device_),
      inode_(other.inode_),
      sizeBytes_(other.sizeBytes_),
      contentHash_(other.contentHash_),
      elf_(std::move(other.elf_)),
      manifest_(std::move(other.manifest_)),
      dependencies_(std::move(other.dependencies_)) {}

ModuleFile::~ModuleFile() {
  if (fileName_.empty() || owner_ != ::getpid()) return;
  ::unlinkat(directory_->fd(), fileName_.c_str(), 0);
  forgetOriginal(path_);
}

Result<void> ModuleFile::takeName(const std::string& path) {
  // The system would see the part before it, which may be a file.
  if (path.find('\0') != std::string::npos) return Error(ErrorKind::notFound, path + " has a NUL in its name");
  std::error_code failure;
  originalPath_ = std::filesystem::absolute(path, failure).string();
  if (failure) return Error(ErrorKind::notFound, path + " cannot be opened: " + failure.message());
  name_ = stemOf(path);
  return {};
}

Result<void> ModuleFile::copyFrom(const std::string& path) {
  const Result<posix::UniqueFd> original = manifest::openForReading(path);
  if (!original) return original.error();
  std::string fileName = uniqueFileName(name_);
  const posix::UniqueFd writable(
      ::openat(directory_->fd(), fileName.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!writable) return noCopy(path, errno);
  fileName_ = std::move(fileName);
  owner_ = ::getpid();
  path_ = directory_->path() + "/" + fileName_;
  rememberOriginal(path_, originalPath_);
  const Result<CopiedContent> content = copyContent(original->get(), writable.get(), path);
  if (!content) return content.error();
  sizeBytes_ = content->sizeBytes;
  contentHash_ = content->hash;
  Result<manifest::ElfFile> elf = manifest::readElf(writable.get(), path);
  if (!elf) return std::move(elf).error();
  elf_ = *std::move(elf);
  // Of what was copied, so nothing can change between this check and the load.
  const Result<manifest::SealState> sealed = manifest::checkSeal(writable.get(), elf_, path);
  if (!sealed) return sealed.error();
  if (Result<void> read = readSelf(path); !read) return read;
  // Without hooks nobody could give back what is left; the dynamic loader may then find that the file has to stay.
  const auto destructors = hasHooks(manifest_) ? manifest::Destructors::deferred : manifest::Destructors::asTheyAre;
  if (Result<void> deferred = manifest::deferConstructors(writable.get(), path, destructors); !deferred)
    return deferred;
  return seal(writable.get());
}

// From here on nobody has it open for writing.
Result<void> ModuleFile::seal(int writable) {
  struct stat status {};
  if (::fchmod(writable, 0400) != 0 || ::fstat(writable, &status) != 0) return noCopy(originalPath_, errno);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  fd_.reset(::openat(directory_->fd(), fileName_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd_) return noCopy(originalPath_, errno);
  return {};
}

Result<void> ModuleFile::readSelf(const std::string& path) {
  Result<manifest::Manifest> manifest = manifest::readManifest(elf_, path);
  if (!manifest) return std::move(manifest).error();
  manifest_ = *std::move(manifest);
  elf_.notes = {};  // as large as the manifest that was made of them
  dependencies_ = manifest::resolveDependencies(elf_, originalPath_);
  return {};
}

}  // namespace bulkhead::module_file
