#include "host/watch/trail.h"

#include <sys/stat.h>

#include <filesystem>
#include <list>
#include <system_error>
#include <utility>

namespace bulkhead::watch {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as many as the system follows

std::string join(const std::string& directory, const std::string& name) {
  return directory == "/" ? directory + name : directory + "/" + name;
}

std::string parentOf(const std::string& directory) {
  const std::size_t slash = directory.rfind('/');
  return slash == 0 ? "/" : directory.substr(0, slash);
}

std::uint64_t inodeOf(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

class Walk {
 public:
  explicit Walk(const std::string& path) { prepend(path); }

  Trail run() {
    while (!rest_.empty()) {
      const std::string name = std::move(rest_.front());
      rest_.pop_front();
      if (name == "..") {
        directory_ = parentOf(directory_);
      } else if (!enter(name)) {
        break;
      }
    }
    return std::move(trail_);
  }

 private:
  // False where the way ends.
  bool enter(const std::string& name) {
    const std::string path = join(directory_, name);
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return endMissing(name);
    if (S_ISLNK(status.st_mode)) return turn(path, name);
    if (rest_.empty()) {
      addStep(directory_, name);
      trail_.file = path;
      return false;
    }
    if (!S_ISDIR(status.st_mode)) return endMissing(name);
    trail_.steps.push_back({path, "", status.st_ino, false});
    directory_ = path;
    return true;
  }

  // Goes on where a symbolic link leads.
  bool turn(const std::string& path, const std::string& name) {
    addStep(directory_, name);
    std::error_code failure;
    const std::string target = fs::read_symlink(path, failure).string();
    if (failure || target.empty() || ++links_ > kMaxLinks) return false;
    if (target.front() == '/') directory_ = "/";
    prepend(target);
    return true;
  }

  // The directory is watched in its own parent, too: that it was deleted is told of itself only when nobody uses it.
  bool endMissing(const std::string& name) {
    if (directory_ != "/") addStep(parentOf(directory_), directory_.substr(directory_.rfind('/') + 1), false);
    addStep(directory_, name);
    return false;
  }

  void addStep(const std::string& directory, const std::string& name, bool isVital = true) {
    trail_.steps.push_back({directory, name, inodeOf(directory), isVital});
  }

  void prepend(const std::string& path) {
    auto at = rest_.begin();
    for (const fs::path& part : fs::path(path).relative_path()) {
      if (!part.empty() && part != ".") at = std::next(rest_.insert(at, part.string()));
    }
  }

  std::list<std::string> rest_;
  std::string directory_ = "/";
  int links_ = 0;
  Trail trail_;
};

}  // namespace

Trail follow(const std::string& path) { return Walk(path).run(); }

}  // namespace bulkhead::watch
