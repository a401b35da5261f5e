// What of a module is still there, by address and by process.
#pragma once

#include <bulkhead/host.h>

#include <link.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::conformance {

// Address and path of an object that the dynamic loader has in this process.
using LoadedObject = std::pair<std::uintptr_t, std::string>;

// The private copies of module files that are mapped here: all that have `name` in their path.
inline std::vector<LoadedObject> loadedObjects(const std::string& name) {
  struct Search {
    std::string name;
    std::vector<LoadedObject> found;
  } search{"/" + name + ".", {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& to = *static_cast<Search*>(data);
        if (std::string(info->dlpi_name).find(to.name) != std::string::npos) {
          to.found.emplace_back(info->dlpi_addr, info->dlpi_name);
        }
        return 0;
      },
      &search);
  return search.found;
}

// A generation of a module as it was serving: whether anything of it is left.
class Traces {
 public:
  // `name` is the stem of the file that serves.
  Traces(const Module& module, const std::string& name) : name_(name) {
    if (module.workerPid()) {
      pid_ = *module.workerPid();
    } else {
      objects_ = loadedObjects(name);
    }
  }
  bool areGone() const {
    if (pid_ != 0) return ::kill(pid_, 0) != 0 && errno == ESRCH;
    const auto now = loadedObjects(name_);
    return std::none_of(objects_.begin(), objects_.end(),
                        [&](const auto& object) { return std::find(now.begin(), now.end(), object) != now.end(); });
  }

 private:
  std::string name_;
  pid_t pid_ = 0;
  std::vector<LoadedObject> objects_;
};

}  // namespace bulkhead::conformance
