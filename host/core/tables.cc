#include "host/core/tables.h"

namespace bulkhead::detail {

std::optional<ExportDescription> findExport(std::uint64_t interfaceId) {
  for (const ContractDescription& contract : ContractRegistration::all()) {
    for (const ExportDescription* each = contract.exports; each != nullptr; each = each->inherited) {
      if (each->interfaceId == interfaceId) return *each;
    }
  }
  return std::nullopt;
}

std::vector<BoundTable> stubTables(BulkheadChannel* channel, const std::vector<ServedInterface>& interfaces) {
  std::vector<BoundTable> tables;
  for (const ServedInterface& served : interfaces) {
    const auto app = findExport(served.interfaceId);
    tables.push_back({served.interfaceId, app ? app->stubTable : nullptr, channel, channel});
  }
  return tables;
}

}  // namespace bulkhead::detail
