// Tests of what an unload does in this process: the module is `leaver`, through the public interface alone.
#pragma once

#include "leaver.host.h"

#include <bulkhead/host.h>

#include <gmock/gmock.h>
#include <link.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::unload_test {

// Where threads of the module wait.
class Gate {
 public:
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(&open_); }
  void open() { open_ = 1; }
  bool isOpen() const { return open_ != 0; }
  // Blocks until somebody has come.
  void awaitArrival() const {
    while (arrived_ == 0) ::usleep(200);
  }
  ~Gate() { open(); }

 private:
  std::atomic<int> open_{0};
  std::atomic<int> arrived_{0};  // the module knows that it is behind
};

// Whether any object is mapped there.
inline bool isMapped(std::uint64_t address) {
  const auto look = [](dl_phdr_info* info, std::size_t, void* data) {
    const std::uint64_t wanted = *static_cast<const std::uint64_t*>(data);
    for (int n = 0; n < info->dlpi_phnum; ++n) {
      const std::uint64_t begin = info->dlpi_addr + info->dlpi_phdr[n].p_vaddr;
      if (info->dlpi_phdr[n].p_type == PT_LOAD && wanted >= begin && wanted < begin + info->dlpi_phdr[n].p_memsz)
        return 1;
    }
    return 0;
  };
  return ::dl_iterate_phdr(look, &address) != 0;
}

// Whether the module's heap is in its ledger: not under a sanitizer, whose own allocator is to see it.
inline constexpr bool kHeapIsKept =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    false;
#else
    true;
#endif
#else
    true;
#endif

// A refusal's text with what differs from run to run replaced.
inline std::string stable(std::string text) {
  const std::pair<const char*, const char*> kReplaced[] = {
      {"thread [0-9]+", "thread N"}, {"offset 0x[0-9a-f]+", "offset X"},    {"(/[^ :;]*)/", ""},
      {":[0-9]+", ":LINE"},          {"descriptor [0-9]+", "descriptor N"}, {"[0-9]+ symbols?", "N symbols"}};
  for (const auto& [from, to] : kReplaced) text = std::regex_replace(text, std::regex(from), to);
  return text;
}

inline const Acquired* find(const std::vector<Acquired>& list, Resource kind) {
  for (const Acquired& each : list) {
    if (each.kind == kind) return &each;
  }
  return nullptr;
}

class UnloadTest : public ::testing::Test {
 protected:
  UnloadTest() : host_(options()) {}

  Module load(const InProcessOptions& options = {}, const char* file = LEAVER_MODULE) {
    auto loaded = host_.load(file, Placement::inProcess(options));
    if (!loaded) throw BadResult(loaded.error());
    return *std::move(loaded);
  }
  static leaver::host::Leaver handleOf(const Module& module) { return module.get<leaver::host::Leaver>().value(); }

  std::vector<std::string> logged() {
    const std::lock_guard lock(mutex_);
    return logged_;
  }

 private:
  HostOptions options() {
    HostOptions options;
    options.onLog = [this](const LogLine& line) {
      const std::lock_guard lock(mutex_);
      logged_.emplace_back(line.text);
    };
    return options;
  }

  std::mutex mutex_;
  std::vector<std::string> logged_;
  Host host_;
};

}  // namespace bulkhead::unload_test
