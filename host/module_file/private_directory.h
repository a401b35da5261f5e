// Where this process keeps its private copies of module files: one directory of mode 0700.
#pragma once

#include "shared/posix/unique_fd.h"

#include <bulkhead/result.h>

#include <memory>
#include <string>

namespace bulkhead::module_file {

// Owns the directory: made by the first shared(), removed when the last owner lets go. A process that is killed leaves
// its own behind, locked by nobody: the next process that makes one in the same place removes it. Any thread.
class PrivateDirectory {
 public:
  // The directory of this process, in the first usable of $XDG_RUNTIME_DIR, $TMPDIR, /tmp and /var/tmp: one that can be
  // written and is not mounted noexec. Fails with resourceExhausted, naming what was tried.
  static Result<std::shared_ptr<PrivateDirectory>> shared();

  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory();

  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }

 private:
  PrivateDirectory(std::string path, posix::UniqueFd fd);
  static Result<std::shared_ptr<PrivateDirectory>> make();
  static std::shared_ptr<PrivateDirectory> makeIn(const std::string& base);

  std::string path_;
  posix::UniqueFd fd_;  // holds the lock that says the directory is in use
  int owner_;           // process id: a forked child's copy of this object removes nothing
};

}  // namespace bulkhead::module_file
