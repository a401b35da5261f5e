#include "host/isolated/environment.h"

#include <unistd.h>

namespace bulkhead::isolated {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kInstrumented = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kInstrumented = true;
#else
constexpr bool kInstrumented = false;
#endif
#else
constexpr bool kInstrumented = false;
#endif

bool steersInstrumentation(std::string_view name) noexcept {
  return name.ends_with("SAN_OPTIONS") || name.ends_with("SAN_SYMBOLIZER_PATH") || name.starts_with("GCOV_") ||
         name.starts_with("LLVM_PROFILE_");
}

}  // namespace

bool passesToWorker(std::string_view name) noexcept {
  return name == "TZ" || name == "LANG" || name.starts_with("LC_") || (kInstrumented && steersInstrumentation(name));
}

std::vector<std::string> workerEnvironment() {
  std::vector<std::string> lines;
  if (::environ == nullptr) return lines;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    const std::size_t end = line.find('=');
    if (end != std::string_view::npos && passesToWorker(line.substr(0, end))) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace bulkhead::isolated
