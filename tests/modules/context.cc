// Asks about the call it serves. Calls the host from its constructor and its destructor, too.
#include "context.module.h"

#include <atomic>
#include <string>
#include <thread>

namespace {

using bulkhead::Error;
using bulkhead::Result;

class Context final : public context::module::Context {
 public:
  explicit Context(context::module::ContextHost& host) : host_(host) {
    (void)host_.act("constructor");
    inConstructor_ = {bulkhead::deadlineRemaining().has_value(), bulkhead::cancelled()};
  }
  ~Context() override { (void)host_.act("destructor"); }

  Result<context::RemainingResult> remaining() override {
    const auto left = bulkhead::deadlineRemaining();
    return context::RemainingResult{left.has_value(), nanoseconds(left)};
  }
  Result<context::RemainingAnnotatedResult> remainingAnnotated() override {
    const auto left = bulkhead::deadlineRemaining();
    return context::RemainingAnnotatedResult{left.has_value(), nanoseconds(left)};
  }
  Result<context::RemainingAroundResult> remainingAround(std::string_view what) override {
    return around<context::RemainingAroundResult>(what);
  }
  Result<context::AnnotatedAroundResult> annotatedAround(std::string_view what) override {
    return around<context::AnnotatedAroundResult>(what);
  }
  Result<context::CancelledAroundResult> cancelledAround(std::string_view what) override {
    const bool before = bulkhead::cancelled();
    if (auto acted = host_.act(what); !acted) return acted.error();
    return context::CancelledAroundResult{before, bulkhead::cancelled()};
  }
  Result<std::string> awaitCancel(std::string_view what, std::string_view error) override {
    if (auto acted = host_.act(what); !acted) return acted.error();
    while (!bulkhead::cancelled()) std::this_thread::yield();
    if (!error.empty()) return Error(std::string(error));
    return std::string("stopped");
  }

  Result<std::string> act(std::string_view what) override { return host_.act(what); }
  Result<void> actTwice(std::string_view what) override {
    if (auto acted = host_.act(what); !acted) return acted.error();
    if (auto acted = host_.act(what); !acted) return acted.error();
    return {};
  }
  Result<std::string> actInThread(std::string_view what) override {
    Result<std::string> answer = Error("the thread did not run");
    std::thread([&] { answer = host_.act(what); }).join();
    return answer;
  }
  Result<context::LookInThreadResult> lookInThread(std::string_view what) override {
    if (auto acted = host_.act(what); !acted) return acted.error();
    context::LookInThreadResult seen{};
    std::thread([&] { seen = {bulkhead::deadlineRemaining().has_value(), bulkhead::cancelled()}; }).join();
    return seen;
  }
  Result<context::InConstructorResult> inConstructor() override { return inConstructor_; }
  Result<std::uint32_t> attempts(std::string_view what, std::string_view error) override {
    ++attempts_;
    if (!what.empty()) (void)host_.act(what);
    if (!error.empty()) return Error(std::string(error));
    return attempts_.load();
  }

 private:
  static std::int64_t nanoseconds(const std::optional<std::chrono::nanoseconds>& left) {
    return left ? left->count() : 0;
  }
  template <class R>
  Result<R> around(std::string_view what) {
    const auto before = bulkhead::deadlineRemaining();
    if (auto acted = host_.act(what); !acted) return acted.error();
    const auto after = bulkhead::deadlineRemaining();
    return R{before && after, nanoseconds(before), nanoseconds(after)};
  }

  context::module::ContextHost& host_;
  context::InConstructorResult inConstructor_{};
  std::atomic<std::uint32_t> attempts_{0};
};

}  // namespace

BULKHEAD_MODULE(Context)
