// Which call an import serves. The mark of the call guard tells: an import runs on the thread of its call, whose
// innermost mark under the generation's guard id is that call's. So a plain call pays nothing for being known.
#include <bulkhead/abi.h>
#include <bulkhead/contract_host.h>
#include <bulkhead/detail/import_scope.h>
#include <bulkhead/imports.h>

#include <array>
#include <atomic>

namespace bulkhead {
namespace detail {
namespace {

// Ids of the calls that somebody asked for, by the depth of the import that asked: a thread has one call under way at
// each depth. The mark says whether the entry is this call's.
using CallIds = std::array<std::uint64_t, kMaxImportDepth + 1>;

std::uint64_t idOf(std::atomic<CallMark>& mark) noexcept {
  static std::atomic<std::uint64_t> last{0};
  thread_local CallIds ids{};
  std::uint64_t& id = ids[callThread.importDepth];
  const CallMark before = mark.load(std::memory_order_relaxed);
  if ((before & kAskedFor) == 0) {
    id = last.fetch_add(1, std::memory_order_relaxed) + 1;
    mark.store(before | kAskedFor, std::memory_order_relaxed);
  }
  return id;
}

}  // namespace

void ImportScope::hideCall() noexcept {
  noCall_ = BulkheadScope{};
  noCall_.size = sizeof noCall_;
  bulkhead_scope_enter(&noCall_);
  hidden_ = true;
  callThread.scoped = false;
}

void ImportScope::showCall() noexcept {
  callThread.scoped = true;
  bulkhead_scope_leave(&noCall_);
}

}  // namespace detail

std::optional<ServedCall> servedCall() noexcept {
  const detail::ImportScope* const import = detail::callThread.import;
  if (import == nullptr || import->owner() == nullptr) return std::nullopt;
  const detail::ImportOwner& owner = *import->owner();
  ServedCall served{owner.module, owner.generation, {}, 0};
  const std::uint32_t guardId = owner.guardId.load(std::memory_order_acquire);
  if (guardId == 0 || detail::callThread.marks == nullptr) return served;
  std::atomic<detail::CallMark>& mark = detail::callThread.marks[guardId];
  const detail::CallMark call = mark.load(std::memory_order_relaxed);
  if (call == 0) return served;
  served.method = reinterpret_cast<const BulkheadMethod*>(call & ~detail::kAskedFor)->name;
  served.callId = detail::idOf(mark);
  return served;
}

}  // namespace bulkhead
