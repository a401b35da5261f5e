// The way from the root to a file: every directory and symbolic link whose change can change what the path leads to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::watch {

// One place to look at. Directories are given by paths without symbolic links.
struct Step {
  std::string directory;
  std::string name;         // the entry of it that matters; empty: that the directory stays what and where it is
  std::uint64_t inode = 0;  // of the directory: tells it from another one that took its place
  bool isVital = true;      // without it changes would go unseen

  bool operator==(const Step&) const = default;
};

struct Trail {
  std::vector<Step> steps;          // in the order of the way; the last one is where it ends
  std::optional<std::string> file;  // what it leads to, without symbolic links; nothing if a part of the way is missing

  bool operator==(const Trail&) const = default;
};

// Follows `path`, which is absolute. Where a part is missing the way ends: the last step waits for it. Never fails:
// what cannot be looked at counts as missing.
Trail follow(const std::string& path);

}  // namespace bulkhead::watch
