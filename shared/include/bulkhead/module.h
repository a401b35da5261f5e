// The module author's interface. Implement a generated class, then name yours once:
//
//   class Greeter final : public hello::module::Greeter {
//    public:
//     explicit Greeter(hello::module::GreeterHost& host) : host_(host) {}         // or no constructor
//     bulkhead::Result<std::string> greet(std::string_view name) override { ... }
//   };
//   BULKHEAD_MODULE(Greeter)
//
// An optional member function `void beforeUnload()` or `bulkhead::Result<void> beforeUnload()` is called before an
// unload destroys the object, while no call is under way: the place to end and join threads. An error, or what it
// throws, asks the host to leave the module loaded; in-process an unload is refused then, isolated it is logged.
//
// Methods return a value or bulkhead::Error("what happened"); what they throw becomes an error of the caller, too.
// Arguments are borrowed for the call: copy what must live longer. Methods may be called from several threads at once
// unless the schema says `serialized`. Calls of imports may be made from any thread until the module's object is gone.
#pragma once

#include <bulkhead/detail/module_entry.h>
#include <bulkhead/log_level.h>
#include <bulkhead/result.h>
#include <bulkhead/runtime.h>

#include <time.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

// Once per module, at namespace scope outside of any namespace: `BULKHEAD_MODULE(M)` where M derives from the generated
// class of one contract, or `BULKHEAD_MODULE(M, a::module::CodecContract, b::module::ClockContract)` for several and
// for contracts with imports only. M is constructed at load from the contracts' import objects, as references in the
// order of the contracts, or from nothing if it takes none; it is destroyed at unload. A constructor that throws
// makes the load fail with that exception's text.
#define BULKHEAD_MODULE(...)                                                                        \
  BULKHEAD_DETAIL_BUILD_NOTE                                                                        \
  extern "C" __attribute__((visibility("default"))) const BulkheadModule* bulkhead_module_entry();  \
  extern "C" __attribute__((visibility("default"))) const BulkheadModule* bulkhead_module_entry() { \
    return ::bulkhead::detail::moduleOf<__VA_ARGS__>();                                             \
  }

// Of the hooks that bulkhead_add_module links; not there in a module built without them.
extern "C" __attribute__((weak, visibility("hidden"))) void bulkhead_hooks_release_descriptor(int descriptor);
extern "C" __attribute__((weak, visibility("hidden"))) void bulkhead_hooks_release_stream(std::FILE* stream);

namespace bulkhead {

// The module gives a descriptor or stream of its own away: whoever gets it closes it. It leaves the module's ledger, so
// that an unload does not close it. Call it before the new owner may close it. Does nothing where no ledger is kept.
// From any thread; never blocks for long, never fails.
inline void release(int descriptor) noexcept {
  if (bulkhead_hooks_release_descriptor != nullptr) bulkhead_hooks_release_descriptor(descriptor);
}
inline void release(std::FILE* stream) noexcept {
  if (bulkhead_hooks_release_stream != nullptr) bulkhead_hooks_release_stream(stream);
}

// Hands a line to the host's log. Never blocks for long, never fails; from any thread, once the module's object is
// being constructed and until it is destroyed. Before and after that the line is dropped.
inline void log(LogLevel level, std::string_view line) noexcept {
  const BulkheadHostServices* services = detail::hostServices.load(std::memory_order_acquire);
  if (services == nullptr || services->log == nullptr) return;
  services->log(services->context, static_cast<std::uint32_t>(level), {line.data(), line.size()});
}

// How long the call on this thread may still take: zero when it is late already, nothing when it has no deadline or
// this thread is in no call (a thread that the module started, the module's constructor and destructor). Isolated it is
// the nearer of the caller's limit and the module's own budget, which stands still during imports; in-process the
// caller's limit. Never blocks.
inline std::optional<std::chrono::nanoseconds> deadlineRemaining() noexcept {
  const BulkheadScope* scope = bulkhead_scope_current();
  if (scope == nullptr || scope->deadline_ns == 0) return std::nullopt;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t left = scope->deadline_ns - (std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
  return std::chrono::nanoseconds(left > 0 ? left : 0);
}

// Whether the caller of this thread's call gave up on it: a good moment to return, with any value or error. It stays so
// for the rest of the call, and for calls nested in it. Never blocks.
inline bool cancelled() noexcept {
  const BulkheadScope* scope = bulkhead_scope_current();
  return scope != nullptr && scope->cancel != nullptr && __atomic_load_n(scope->cancel, __ATOMIC_RELAXED) != 0;
}

}  // namespace bulkhead
