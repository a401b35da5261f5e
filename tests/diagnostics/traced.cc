// Functions whose names and lines the tests look for in stacks.
#include "traced.module.h"

#include <dlfcn.h>
#include <unwind.h>

#include <condition_variable>
#include <mutex>
#include <vector>

namespace traced {
namespace {

using bulkhead::Result;

// A call that is the last thing a function does may become a jump, which leaves no frame.
void keepFrame() { asm volatile("" ::: "memory"); }

_Unwind_Reason_Code step(_Unwind_Context* context, void* addresses) {
  static_cast<std::vector<std::uint64_t>*>(addresses)->push_back(_Unwind_GetIP(context));
  return _URC_NO_REASON;
}

[[gnu::noinline]] std::uint32_t innermost(std::vector<std::uint64_t>& addresses) {
  const std::uint32_t line = __LINE__ + 1;
  _Unwind_Backtrace(&step, &addresses);
  keepFrame();
  return line;
}

[[gnu::always_inline]] inline std::uint32_t inlined(std::vector<std::uint64_t>& addresses) {
  return innermost(addresses) + 0;
}

[[gnu::noinline]] std::uint32_t outer(std::vector<std::uint64_t>& addresses) {
  const std::uint32_t line = inlined(addresses);
  keepFrame();
  return line;
}

class Gate {
 public:
  static constexpr std::uint32_t kLine = __LINE__ + 5;
  [[gnu::noinline]] void stayHere() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    while (!open_) {
      changed_.wait(lock);
      keepFrame();
    }
    --waiting_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  std::uint32_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t waiting_ = 0;
  bool open_ = false;
};

class Module final : public traced::module::Traced {
 public:
  Result<WhereResult> where() override {
    std::vector<std::uint64_t> addresses;
    const std::uint32_t line = outer(addresses);
    Dl_info here{};
    ::dladdr(reinterpret_cast<const void*>(&outer), &here);
    return WhereResult{std::move(addresses), reinterpret_cast<std::uint64_t>(here.dli_fbase), line};
  }
  Result<void> hang() override {
    gate_.stayHere();
    keepFrame();
    return {};
  }
  Result<void> hangAnnotated() override { return hang(); }
  Result<std::uint32_t> letGo() override {
    gate_.open();
    return Gate::kLine;
  }
  Result<std::uint32_t> hanging() override { return gate_.waiting(); }

 private:
  Gate gate_;
};

}  // namespace
}  // namespace traced

BULKHEAD_MODULE(traced::Module)
