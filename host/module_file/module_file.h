// A private copy of a module file: what both placements load, and what every check looks at, so that the file cannot
// change between check and use. Each copy has a name that was never used before, so the dynamic loader never takes one
// generation for another, and versions stand side by side.
#pragma once

#include "host/module_file/private_directory.h"
#include "shared/manifest/elf_file.h"
#include "shared/manifest/manifest.h"
#include "shared/posix/unique_fd.h"

#include <bulkhead/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::module_file {

// Owns the copy: deleted with the object. Movable. Immutable once open, so any thread may use it.
class ModuleFile {
 public:
  // Copies the file at `path`, checks its seal and reads its manifest; no code of it runs. Fails with notFound,
  // notAModule (also when it was damaged since it was built, or changes while it is copied), or resourceExhausted (no
  // room, no descriptor). Nothing stays behind then. Blocks on the disk.
  static Result<ModuleFile> open(const std::string& path);

  ModuleFile(ModuleFile&& other) noexcept;
  ModuleFile& operator=(ModuleFile&&) = delete;
  ~ModuleFile();

  const std::string& path() const { return path_; }                  // of the copy, absolute
  const std::string& originalPath() const { return originalPath_; }  // absolute
  const std::string& name() const { return name_; }                  // "codec" of ".../codec.so"
  int fd() const { return fd_.get(); }                               // the copy, read-only; stays ours
  std::uint64_t device() const { return device_; }                   // of the copy, with inode(): its identity
  std::uint64_t inode() const { return inode_; }
  std::uint64_t sizeBytes() const { return sizeBytes_; }
  // Of the whole content; equal for equal files.
  std::uint64_t contentHash() const { return contentHash_; }

  const manifest::ElfFile& elf() const { return elf_; }  // without its notes
  const manifest::Manifest& manifest() const { return manifest_; }
  // Libraries that the original finds next to itself, absolute, in the order in which to open them before the copy.
  const std::vector<std::string>& dependencies() const { return dependencies_; }

 private:
  explicit ModuleFile(std::shared_ptr<PrivateDirectory> directory) : directory_(std::move(directory)) {}
  Result<void> takeName(const std::string& path);
  Result<void> copyFrom(const std::string& path);
  Result<void> seal(int writable);
  Result<void> readSelf(const std::string& path);

  std::shared_ptr<PrivateDirectory> directory_;
  std::string fileName_;  // within the directory; empty until the copy exists
  std::string path_, originalPath_, name_;
  posix::UniqueFd fd_;
  int owner_ = 0;  // process id: a forked child's copy of this object deletes nothing
  std::uint64_t device_ = 0, inode_ = 0, sizeBytes_ = 0, contentHash_ = 0;
  manifest::ElfFile elf_;
  manifest::Manifest manifest_;
  std::vector<std::string> dependencies_;
};

}  // namespace bulkhead::module_file
