// Handles: how a host calls an interface of a module, wherever the module runs.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/call_options.h>
#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/detail/retry.h>
#include <bulkhead/detail/slow_call.h>
#include <bulkhead/result.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace bulkhead {

namespace detail {

// The slot of handles that refer to no module.
const std::shared_ptr<const InterfaceSlot>& emptySlot();

// The slot of another interface of the same module, as handles with inherited methods need it; emptySlot() if the
// module does not have it.
std::shared_ptr<const InterfaceSlot> siblingSlot(const std::shared_ptr<const InterfaceSlot>& slot,
                                                 std::uint64_t interfaceId);

}  // namespace detail

// The base of every generated handle: two pointers wide, cheap to copy, usable from any thread. It stays valid while
// the module lives, across restarts of its worker; after the unload every call is a staleHandle error.
template <class Table>
class Handle {
 public:
  Handle() : slot_(detail::emptySlot()) {}
  explicit Handle(std::shared_ptr<const detail::InterfaceSlot> slot) : slot_(std::move(slot)) {}
  // Moving copies: a handle that was moved from is still a handle, not a trap.
  Handle(const Handle&) = default;
  Handle& operator=(const Handle&) = default;

 protected:
  // Calls through the current binding. `call` is (const Table&, void* self, const BulkheadErrorSink*, R& value), or
  // without the last for R = void, and returns the table entry's status.
  //
  // `call` holds what it needs by value and is copied for the slow path only; nothing that is called out of line sees
  // the Result. So arguments and results of a plain call stay in registers, except what the C ABI wants in memory.
  template <class R, class Call>
  [[gnu::always_inline]] Result<R> invoke(const BulkheadMethod& method, const Call& call) const {
    Value<R> value;  // a callee that returns BULKHEAD_OK has set it
    std::atomic<detail::CallMark>* const marks = detail::callThread.plainMarks;
    if (marks != nullptr) [[likely]] {
      const detail::CallPin pin(*slot_, method, marks);
      const detail::Binding& binding = pin.binding();
      if (pin.holds() && keepsDeadline(binding, method)) [[likely]] {
        if (callTable(binding, call, detail::collectorOf(marks), value) == BULKHEAD_OK) [[likely]]
          return success<R>(value);
        if ((method.flags & BULKHEAD_METHOD_IDEMPOTENT) == 0)
          return detail::collectorOf(detail::callThread.marks).take(*slot_, binding, method);
        if (auto error = recover(*slot_, binding, method, call, value)) return *std::move(error);
        return success<R>(value);
      }
    }
    if (auto error = invokeSlowly(*slot_, method, call, value)) return *std::move(error);
    return success<R>(value);
  }

 private:
  struct Nothing {};
  template <class R>
  using Value = std::conditional_t<std::is_void_v<R>, Nothing, R>;

  // Whether the method has no deadline to be looked at here; isolated stubs keep their own.
  static bool keepsDeadline(const detail::Binding& binding, const BulkheadMethod& method) noexcept {
    return method.deadline_ms == 0 || (binding.flags & detail::Binding::kHostMade) != 0;
  }

  template <class Call, class V>
  [[gnu::always_inline]] static std::int32_t callTable(const detail::Binding& binding, const Call& call,
                                                       const detail::ErrorCollector& collector, V& value) {
    const Table& table = *reinterpret_cast<const Table*>(binding.table);
    if constexpr (std::is_same_v<V, Nothing>) {
      return call(table, binding.self, collector.sink());
    } else {
      return call(table, binding.self, collector.sink(), value);
    }
  }

  template <class R, class V>
  [[gnu::always_inline]] static Result<R> success(V& value) {
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return std::move(value);
    }
  }

  template <class Call, class V>
  [[gnu::noinline, gnu::cold]] static std::optional<Error> invokeSlowly(const detail::InterfaceSlot& slot,
                                                                        const BulkheadMethod& method, const Call call,
                                                                        V& value) {
    bool called = false;
    auto error = attempt(slot, method, call, value, called);
    if (!error || !called || (method.flags & BULKHEAD_METHOD_IDEMPOTENT) == 0) return error;
    return tryAgain(slot, method, call, value, *std::move(error));
  }

  template <class Call, class V>
  static std::optional<Error> attempt(const detail::InterfaceSlot& slot, const BulkheadMethod& method, const Call& call,
                                      V& value, bool& called) {
    detail::SlowCall slow(slot, method);
    if (auto error = slow.enter()) return error;
    called = true;
    detail::ErrorCollector& collector = detail::collectorOf(detail::callThread.marks);
    const std::int32_t status = callTable(slow.binding(), call, collector, value);
    return slow.leave(status, collector);
  }

  // An idempotent call that failed as a plain one. (The old binding stays pinned meanwhile, which holds nobody up: it
  // is not live any more if there is something to try.)
  template <class Call, class V>
  [[gnu::noinline, gnu::cold]] static std::optional<Error> recover(const detail::InterfaceSlot& slot,
                                                                   const detail::Binding& binding,
                                                                   const BulkheadMethod& method, const Call call,
                                                                   V& value) {
    return tryAgain(slot, method, call, value,
                    detail::collectorOf(detail::callThread.marks).take(slot, binding, method));
  }

  template <class Call, class V>
  static std::optional<Error> tryAgain(const detail::InterfaceSlot& slot, const BulkheadMethod& method,
                                       const Call& call, V& value, Error first) {
    const detail::Retry retry(std::move(first));
    if (!retry.isAllowed()) return retry.first();
    bool called = false;
    auto error = attempt(slot, method, call, value, called);
    if (!error) return error;
    return called ? retry.failedAgain(*error) : retry.notMade(*error);
  }

  std::shared_ptr<const detail::InterfaceSlot> slot_;
};

// A handle whose calls must answer by a wall deadline: `codec.within(50ms).decode(bytes)`. The clock runs from within()
// to the end of the full expression, imports included. It takes the place of the annotation's or the placement's limit
// on the caller's time; what those grant the module for its own work (isolated: imports not counted) stays as it is. An
// inner within() never lengthens an outer one. Use it on the thread and in the expression that made it.
template <class H>
class [[nodiscard]] Within final : public H {
 public:
  Within(const H& handle, std::chrono::nanoseconds limit) : H(handle), deadline_(limit) {}

 private:
  detail::WallDeadline deadline_;
};

// A handle whose calls can be cancelled: `codec.cancellable(source.get_token()).decode(bytes)`. Cancellation is
// cooperative: a call that has begun ends when the module returns, with what the module returned; until then the module
// sees bulkhead::cancelled(), on the thread of the call, and so do calls that are nested in it. A call that has not
// begun (the token was stopped before, or while the call waited for its turn, a lane or a restart) ends at once as
// `cancelled`, and nothing was called. A token that cannot be stopped changes nothing. Use it on the thread and in the
// expression that made it.
template <class H>
class [[nodiscard]] Cancellable final : public H {
 public:
  Cancellable(const H& handle, const std::stop_token& token) : H(handle), scope_(token) {}

 private:
  detail::CancelScope scope_;
};

}  // namespace bulkhead
