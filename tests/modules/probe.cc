// How calls behave. Implements a second contract, too, which knows nothing of the first.
#include "counter.module.h"
#include "probe.module.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using bulkhead::Error;
using bulkhead::ErrorKind;
using bulkhead::Result;

class OwnException final : public std::exception {
 public:
  const char* what() const noexcept override { return "of the module's own"; }
};
struct Strange {};

thread_local std::uint32_t callsOfThread = 0;

// What `deadlineRemaining` says, as results.
template <class R>
R remaining() {
  const auto left = bulkhead::deadlineRemaining();
  return R{left.has_value(), left ? left->count() : 0};
}

// Works on after the call's deadline. Where nobody ends it, it ends by itself.
Result<void> workUntilLate(std::uint32_t afterMs) {
  const auto left = bulkhead::deadlineRemaining();
  if (!left) return Error("the call has no deadline");
  const auto end = std::chrono::steady_clock::now() + *left + std::chrono::milliseconds(afterMs);
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return {};
}

class Probe final : public probe::module::Probe, public counter::module::Counter {
 public:
  explicit Probe(probe::module::ProbeHost& host) : host_(host) {}

  Result<void> throwing(probe::Throw what) override {
    switch (what) {
      case probe::Throw::runtimeError: throw std::runtime_error("a runtime error");
      case probe::Throw::ownException: throw OwnException();
      case probe::Throw::number: throw 42;
      case probe::Throw::text: throw "a plain text";
      case probe::Throw::standardString: throw std::string("a string");
      case probe::Throw::strange: throw Strange();
      case probe::Throw::badAlloc: throw std::bad_alloc();
      case probe::Throw::emptyText: throw std::runtime_error("");
      case probe::Throw::badResult: (void)host_.act("throw").value(); break;
    }
    return {};
  }
  Result<void> failing(std::string_view text) override { return Error(std::string(text)); }

  Result<std::uint32_t> recurse(std::uint32_t depth) override {
    if (depth == 0) return 0u;
    auto deeper = host_.recurse(depth - 1);
    if (!deeper) return deeper.error();
    return *deeper + 1;
  }

  Result<std::string> act(std::string_view what) override { return host_.act(what); }
  Result<probe::DescribeActErrorResult> describeActError(std::string_view what) override {
    auto answer = host_.act(what);
    if (answer) return Error("act did not fail");
    const Error& error = answer.error();
    return probe::DescribeActErrorResult{static_cast<std::uint32_t>(error.kind()), error.type(), error.text(),
                                         error.method()};
  }

  Result<void> log(std::uint32_t level, std::string_view line) override {
    bulkhead::log(static_cast<bulkhead::LogLevel>(level), line);
    return {};
  }

  Result<probe::DeadlineResult> deadline() override { return remaining<probe::DeadlineResult>(); }
  Result<probe::AnnotatedDeadlineResult> annotatedDeadline() override {
    return remaining<probe::AnnotatedDeadlineResult>();
  }
  Result<void> late(std::uint32_t afterMs) override { return workUntilLate(afterMs); }
  Result<void> lateAnnotated(std::uint32_t afterMs) override { return workUntilLate(afterMs); }
  Result<std::int32_t> add(std::int32_t a, std::int32_t b) override { return a + b; }

  Result<probe::CallFromThreadsResult> callFromThreads(std::uint32_t threads, std::uint32_t calls,
                                                       std::string_view line) override {
    std::mutex mutex;
    probe::CallFromThreadsResult sum{};
    const auto count = [&](const Result<std::string>& answer) {
      const std::lock_guard lock(mutex);
      if (answer) {
        ++sum.answered;
        return;
      }
      ++(answer.error().kind() == ErrorKind::overloaded ? sum.overloaded : sum.failed);
      if (sum.firstText.empty()) sum.firstText = answer.error().text();
    };
    std::vector<std::thread> all;
    for (std::uint32_t i = 0; i < threads; ++i) {
      all.emplace_back([&] {
        for (std::uint32_t call = 0; call < calls; ++call) count(host_.act(line));
      });
    }
    for (std::thread& thread : all) thread.join();
    return sum;
  }

  Result<std::uint32_t> threadCalls() override { return callsOfThread++; }

  Result<void> output(std::string_view line, bool toError) override {
    std::FILE* const stream = toError ? stderr : stdout;
    std::fprintf(stream, "%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stream);
    return {};
  }

  Result<bool> isCancelled() override { return bulkhead::cancelled(); }

  Result<std::string> actInThread(std::string_view what) override {
    Result<std::string> answer = Error("the thread did not run");
    std::thread([&] { answer = host_.act(what); }).join();
    return answer;
  }

  Result<std::uint32_t> next() override { return ++next_; }
  Result<std::uint32_t> ofObject() override { return next_.load(); }
  Result<std::uint32_t> ofThread() override { return callsOfThread++; }
  Result<std::string> version() override { return "of the probe"; }
  Result<std::uint64_t> checksum(std::span<const std::byte> data) override { return std::uint64_t{data.size()}; }

 private:
  probe::module::ProbeHost& host_;
  std::atomic<std::uint32_t> next_{0};
};

}  // namespace

BULKHEAD_MODULE(Probe, probe::module::ProbeContract, counter::module::CounterContract)
