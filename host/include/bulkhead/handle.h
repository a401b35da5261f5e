// Handles: how a host calls an interface of a module, wherever the module runs.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/detail/slow_call.h>
#include <bulkhead/result.h>

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

namespace bulkhead {

namespace detail {

// The slot of handles that refer to no module.
const std::shared_ptr<const InterfaceSlot>& emptySlot();

// Sets the calling thread's wall deadline and restores the outer one. The earlier of the two holds.
class WallDeadline {
 public:
  explicit WallDeadline(std::chrono::nanoseconds limit) noexcept;
  WallDeadline(const WallDeadline&) = delete;
  WallDeadline& operator=(const WallDeadline&) = delete;
  ~WallDeadline() { callThread.wallDeadlineNs = outerNs_; }

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

 protected:
  // Calls through the current binding. `call` is (const Table&, void* self, const BulkheadErrorSink*, R& value), or
  // without the last for R = void, and returns the table entry's status.
  template <class R, class Call>
  [[gnu::always_inline]] Result<R> invoke(const BulkheadMethod& method, const Call& call) const {
    {
      const detail::CallPin pin(*slot_);
      const detail::Binding& binding = pin.binding();
      if (isPlain(binding, method)) [[likely]] {
        return callThrough<R>(binding, method, call);
      }
    }
    return invokeSlowly<R>(method, call);
  }

 private:
  // No deadline to look at here (isolated stubs keep their own), no queue, and a live table.
  static bool isPlain(const detail::Binding& binding, const BulkheadMethod& method) noexcept {
    if ((binding.flags & detail::Binding::kSlow) != 0) return false;
    if ((binding.flags & detail::Binding::kHostMade) != 0) return true;
    return method.deadline_ms == 0 && detail::callThread.wallDeadlineNs == 0;
  }

  template <class R, class Call>
  Result<R> callThrough(const detail::Binding& binding, const BulkheadMethod& method, const Call& call) const {
    detail::ErrorCollector collector;
    const Table& table = *reinterpret_cast<const Table*>(binding.table);
    if constexpr (std::is_void_v<R>) {
      if (call(table, binding.self, collector.sink()) == BULKHEAD_OK) [[likely]] return {};
    } else {
      R value{};
      if (call(table, binding.self, collector.sink(), value) == BULKHEAD_OK) [[likely]] return value;
    }
    return collector.take(*slot_, binding, method);
  }

  template <class R, class Call>
  [[gnu::noinline, gnu::cold]] Result<R> invokeSlowly(const BulkheadMethod& method, const Call& call) const {
    detail::SlowCall slow(*slot_, method);
    if (auto error = slow.enter()) return *std::move(error);
    detail::ErrorCollector collector;
    const Table& table = *reinterpret_cast<const Table*>(slow.binding().table);
    if constexpr (std::is_void_v<R>) {
      const std::int32_t status = call(table, slow.binding().self, collector.sink());
      if (auto error = slow.leave(status, collector)) return *std::move(error);
      return {};
    } else {
      R value{};
      const std::int32_t status = call(table, slow.binding().self, collector.sink(), value);
      if (auto error = slow.leave(status, collector)) return *std::move(error);
      return value;
    }
  }

  std::shared_ptr<const detail::InterfaceSlot> slot_;
};

// A handle whose calls must answer by a wall deadline: `codec.within(50ms).decode(bytes)`. The clock runs from within()
// to the end of the full expression, imports included. Use it on the thread and in the expression that made it.
template <class H>
class [[nodiscard]] Within final : public H {
 public:
  Within(const H& handle, std::chrono::nanoseconds limit) : H(handle), deadline_(limit) {}

 private:
  detail::WallDeadline deadline_;
};

}  // namespace bulkhead
