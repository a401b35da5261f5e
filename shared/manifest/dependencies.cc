#include "shared/manifest/dependencies.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

namespace bulkhead::manifest {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDependencies = 256;
constexpr int kMaxDepth = 32;

// Replaces $ORIGIN and ${ORIGIN}. Nothing if the path uses neither: such a path means the same from anywhere.
std::optional<std::string> expand(std::string_view path, const std::string& origin) {
  std::string result;
  bool found = false;
  while (!path.empty()) {
    const std::size_t dollar = path.find('$');
    result.append(path.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    path.remove_prefix(dollar);
    std::size_t length = 1;
    for (const std::string_view name : {"$ORIGIN", "${ORIGIN}"}) {
      if (path.starts_with(name)) length = name.size();
    }
    found = found || length > 1;
    result.append(length > 1 ? std::string_view(origin) : path.substr(0, 1));
    path.remove_prefix(length);
  }
  if (!found) return std::nullopt;
  return result;
}

std::vector<std::string> originFolders(std::string_view searchPath, const std::string& origin) {
  std::vector<std::string> folders;
  while (!searchPath.empty()) {
    const std::string_view entry = searchPath.substr(0, searchPath.find(':'));
    searchPath.remove_prefix(std::min(searchPath.size(), entry.size() + 1));
    if (std::optional<std::string> folder = expand(entry, origin)) folders.push_back(std::move(*folder));
  }
  return folders;
}

class Walk {
 public:
  void visit(const ElfFile& file, const std::string& path, const std::vector<std::string>& inherited, int depth) {
    const std::string origin = fs::path(path).parent_path().string();
    // As ld.so has it: a RUNPATH hides the RPATH and those inherited; an RPATH is searched for the needs of needs too.
    std::vector<std::string> folders = originFolders(file.runpath.empty() ? file.rpath : file.runpath, origin);
    std::vector<std::string> passedOn;
    if (file.runpath.empty()) {
      folders.insert(folders.end(), inherited.begin(), inherited.end());
      passedOn = folders;
    }
    for (const std::string& name : file.needed) {
      if (name.find('/') == std::string::npos) resolve(name, folders, passedOn, depth);
    }
  }

  std::vector<std::string> take() { return std::move(found_); }

 private:
  void resolve(const std::string& name, const std::vector<std::string>& folders,
               const std::vector<std::string>& passedOn, int depth) {
    for (const std::string& folder : folders) {
      std::error_code failure;
      const std::string path = (fs::path(folder) / name).string();
      const std::string identity = fs::canonical(path, failure).string();
      if (failure) continue;
      if (seen_.contains(identity)) return;
      const Result<ElfFile> file = readElf(path);
      if (!file) continue;  // as ld.so does with a library of another architecture
      if (seen_.size() == kMaxDependencies || depth == kMaxDepth) return;
      seen_.insert(identity);
      visit(*file, path, passedOn, depth + 1);
      found_.push_back(path);
      return;
    }
  }

  std::set<std::string> seen_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> resolveDependencies(const ElfFile& file, const std::string& originalPath) {
  std::error_code failure;
  // Symbolic links are not followed: ld.so takes $ORIGIN from the path as it was given.
  const fs::path original = fs::absolute(originalPath, failure);
  if (failure) return {};
  Walk walk;
  walk.visit(file, original.string(), {}, 0);
  return walk.take();
}

}  // namespace bulkhead::manifest
