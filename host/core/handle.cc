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

}  // namespace bulkhead::detail
