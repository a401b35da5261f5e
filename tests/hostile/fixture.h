// What the hostile tests share: a host with the faults module in a worker, and what it hears of it.
#pragma once

#include "faults.host.h"

#include <bulkhead/host.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bulkhead::hostile {

using namespace std::chrono_literals;
using faults::Fault;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// For what must happen, however slow the machine is.
inline constexpr auto kLong = 60s;

// The host's side of the module's imports.
class Imports final : public faults::host::FaultsHost {
 public:
  Result<void> spend(std::uint32_t ms) override {
    ++spends;
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    return {};
  }
  Result<std::uint32_t> recurse(std::uint32_t depth) override {
    auto reached = onRecurse(depth);
    if (!reached) return reached.error();
    return *reached + 1;
  }
  Result<Fault> atLoad() override {
    ++loads;
    return loadFault.load();
  }

  std::atomic<std::uint32_t> spends{0};
  std::atomic<std::uint32_t> loads{0};
  std::atomic<Fault> loadFault{Fault::none};
  std::function<Result<std::uint32_t>(std::uint32_t)> onRecurse = [](std::uint32_t) {
    return Result<std::uint32_t>(0u);
  };
};

// Collects what a host is told, on whatever thread.
class Heard {
 public:
  void addExit(const ExitReport& report) { add(exits_, report); }
  void addLine(const LogLine& line) {
    add(lines_, std::string(line.module) + "/" + std::to_string(line.generation) + "/" +
                    std::to_string(static_cast<int>(line.source)) + ": " + std::string(line.text));
  }
  // Waits until that many workers have ended.
  std::vector<ExitReport> exits(std::size_t atLeast) {
    return wait(exits_, [&] { return exits_.size() >= atLeast; });
  }
  // Waits for a line with this text in it.
  bool line(const std::string& part) { return lines(part, 1); }
  // Waits for so many lines with this text in them.
  bool lines(const std::string& part, std::ptrdiff_t atLeast) {
    const auto there = [&] {
      return std::count_if(lines_.begin(), lines_.end(),
                           [&](const auto& line) { return line.find(part) != line.npos; }) >= atLeast;
    };
    static_cast<void>(wait(lines_, there));
    const std::lock_guard lock(mutex_);
    return there();
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  template <class T>
  void add(std::vector<T>& to, T value) {
    const std::lock_guard lock(mutex_);
    to.push_back(std::move(value));
    changed_.notify_all();
  }
  template <class T, class Done>
  std::vector<T> wait(const std::vector<T>& of, const Done& done) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLong, done);
    return of;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ExitReport> exits_;
  std::vector<std::string> lines_;
};

class HostileTest : public ::testing::Test {
 protected:
  HostOptions hostOptions() {
    HostOptions options;
    options.onExit = [this](const ExitReport& report) { heard_.addExit(report); };
    options.onLog = [this](const LogLine& line) { heard_.addLine(line); };
    return options;
  }
  Host& host() {
    if (host_ == nullptr) host_ = std::make_unique<Host>(hostOptions());
    return *host_;
  }
  void makeHost(HostOptions options) { host_ = std::make_unique<Host>(std::move(options)); }

  Result<Module> tryLoad(const IsolatedOptions& options = {}, const std::string& name = {}) {
    return host().load(FAULTS_MODULE, Placement::isolated(options), imports_, {name});
  }
  Module load(const IsolatedOptions& options = {}, const std::string& name = {}) {
    return tryLoad(options, name).value();
  }

  // A module's worker serves again: the same handle, a fresh process.
  static void expectServes(const faults::host::Faults& module) {
    const auto pong = module.within(kLong).ping(42);
    ASSERT_TRUE(pong) << pong.error().message();
    EXPECT_EQ(*pong, 42);
  }

  Heard heard_;
  Imports imports_;
  std::unique_ptr<Host> host_;
};

inline faults::host::Faults handleOf(const Module& module) { return module.get<faults::host::Faults>().value(); }

}  // namespace bulkhead::hostile
