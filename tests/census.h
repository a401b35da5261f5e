// What a process holds that a test may have left behind: counted before and after.
#pragma once

#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace bulkhead::testing {

// None if the folder is gone: another thread may be at it.
inline std::int64_t entriesOf(const std::filesystem::path& folder) {
  std::error_code gone;
  return std::distance(std::filesystem::directory_iterator(folder, gone), std::filesystem::directory_iterator());
}

inline std::int64_t linesOf(const char* file) {
  std::ifstream stream(file);
  return std::count(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>(), '\n');
}

// Every process whose parent is this one, zombies included.
inline std::int64_t children() {
  std::int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    std::getline(file, line);
    const auto end = line.rfind(')');
    count += end != line.npos && std::atoi(line.c_str() + end + 4) == ::getpid();
  }
  return count;
}

// The part of a path that is this process's folder of private copies.
inline std::string privateFolder() { return "/bulkhead-" + std::to_string(::getpid()) + "."; }

// Private copies and their folders.
inline std::int64_t privateFiles() {
  std::int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
    if (entry.path().string().find(privateFolder()) != std::string::npos) count += 1 + entriesOf(entry.path());
  }
  return count;
}

// What the dynamic loader has in this process, by address and name: a path alone could be another load's, an address
// alone another library's by now.
using MappedObjects = std::set<std::pair<std::uintptr_t, std::string>>;

inline MappedObjects mappedObjects() {
  MappedObjects objects;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* found) {
        static_cast<MappedObjects*>(found)->emplace(info->dlpi_addr, info->dlpi_name);
        return 0;
      },
      &objects);
  return objects;
}

// Those of `now` that are not in `before`.
inline MappedObjects newObjects(const MappedObjects& before, const MappedObjects& now = mappedObjects()) {
  MappedObjects fresh;
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::inserter(fresh, fresh.end()));
  return fresh;
}

}  // namespace bulkhead::testing
