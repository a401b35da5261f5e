#include "host/module_file/originals.h"

#include <mutex>
#include <unordered_map>

namespace bulkhead::module_file {
namespace {

struct Originals {
  std::mutex mutex;
  std::unordered_map<std::string, std::string> byCopy;
};

Originals& originals() {
  static Originals* const instance = new Originals;  // modules may be unloaded by static destructors
  return *instance;
}

}  // namespace

void rememberOriginal(const std::string& copy, const std::string& original) {
  const std::lock_guard lock(originals().mutex);
  originals().byCopy[copy] = original;
}

void forgetOriginal(const std::string& copy) noexcept {
  const std::lock_guard lock(originals().mutex);
  originals().byCopy.erase(copy);
}

std::string originalOf(const std::string& copy) {
  const std::lock_guard lock(originals().mutex);
  const auto found = originals().byCopy.find(copy);
  return found == originals().byCopy.end() ? std::string() : found->second;
}

}  // namespace bulkhead::module_file
