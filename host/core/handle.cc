#include <bulkhead/handle.h>

namespace bulkhead::detail {

const std::shared_ptr<const InterfaceSlot>& emptySlot() {
  struct Empty {
    Binding notLive;
    InterfaceSlot slot;
    Empty() { slot.binding.store(&notLive, std::memory_order_relaxed); }
  };
  static const auto empty = std::make_shared<Empty>();
  static const std::shared_ptr<const InterfaceSlot> slot(empty, &empty->slot);
  return slot;
}

std::shared_ptr<const InterfaceSlot> siblingSlot(const std::shared_ptr<const InterfaceSlot>& slot,
                                                 std::uint64_t interfaceId) {
  const auto nextOf = [](const InterfaceSlot* each) { return each->next.load(std::memory_order_acquire); };
  for (const InterfaceSlot* other = nextOf(slot.get()); other != nullptr && other != slot.get();
       other = nextOf(other)) {
    if (other->interfaceId == interfaceId) return {slot, other};
  }
  return emptySlot();
}

}  // namespace bulkhead::detail
