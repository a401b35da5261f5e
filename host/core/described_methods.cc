#include "host/core/described_methods.h"

#include <algorithm>

namespace bulkhead::detail {

DescribedMethods::DescribedMethods(const manifest::Manifest& manifest) {
  for (const auto& contract : manifest.contracts) {
    for (const auto& interface : contract.interfaces) {
      if (interface.role != manifest::Role::exports) continue;
      std::uint16_t ordinal = 0;
      for (const auto& method : interface.methods) {
        const std::string& name = names_.emplace_back(interface.name + "." + method.name);
        const std::uint32_t flags = (method.idempotent ? BULKHEAD_METHOD_IDEMPOTENT : 0u) |
                                    (method.serialized ? BULKHEAD_METHOD_SERIALIZED : 0u);
        methods_.push_back(
            {interface.id, ordinal++, static_cast<std::uint16_t>(flags), method.deadlineMs, name.c_str()});
      }
    }
  }
}

const BulkheadMethod* DescribedMethods::find(std::uint64_t interfaceId, std::uint16_t ordinal) const noexcept {
  const auto found = std::find_if(methods_.begin(), methods_.end(), [&](const BulkheadMethod& method) {
    return method.interface_id == interfaceId && method.ordinal == ordinal;
  });
  return found == methods_.end() ? nullptr : &*found;
}

}  // namespace bulkhead::detail
