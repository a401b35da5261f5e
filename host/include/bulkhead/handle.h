// Handles: how a host calls an interface of a module, wherever the module runs.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/detail/slow_call.h>
#include <bulkhead/result.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
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

// Sets the calling thread's wall deadline and restores the outer one. The earlier of the two holds.
class WallDeadline {
 public:
  explicit WallDeadline(std::chrono::nanoseconds limit) noexcept;
  WallDeadline(const WallDeadline&) = delete;
  WallDeadline& operator=(const WallDeadline&) = delete;
  ~WallDeadline() {
    callThread.wallDeadlineNs = outerNs_;
    if (outerNs_ == 0) callThread.plainCounters = callThread.counters;
  }

 private:
  std::int64_t outerNs_;
};

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
    std::atomic<std::uint32_t>* const counters = detail::callThread.plainCounters;
    if (counters != nullptr) [[likely]] {
      const detail::CallPin pin(*slot_, counters);
      const detail::Binding& binding = pin.binding();
      if (pin.holds() && keepsDeadline(binding, method)) [[likely]] {
        if (callTable(binding, call, detail::collectorOf(counters), value) == BULKHEAD_OK) [[likely]]
          return success<R>(value);
        return detail::collectorOf(detail::callThread.counters).take(*slot_, binding, method);
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
    detail::SlowCall slow(slot, method);
    if (auto error = slow.enter()) return error;
    detail::ErrorCollector& collector = detail::collectorOf(detail::callThread.counters);
    const std::int32_t status = callTable(slow.binding(), call, collector, value);
    return slow.leave(status, collector);
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

}  // namespace bulkhead
