#include "host/core/tables.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace bulkhead::detail {
namespace {

using Entry = std::uint64_t;  // a function pointer's bits
static_assert(sizeof(void (*)()) == sizeof(Entry) && sizeof(BulkheadTable) % sizeof(Entry) == 0);

std::unique_ptr<std::uint64_t[]> complete(const BulkheadTable& table, const BulkheadTable& unimplemented) {
  auto whole = std::make_unique_for_overwrite<std::uint64_t[]>(unimplemented.size / sizeof(Entry));
  std::memcpy(whole.get(), &unimplemented, unimplemented.size);
  const std::uint64_t entries = std::min(table.size, unimplemented.size) / sizeof(Entry);
  for (std::uint64_t i = sizeof(BulkheadTable) / sizeof(Entry); i < entries; ++i) {
    Entry entry = 0;
    std::memcpy(&entry, reinterpret_cast<const char*>(&table) + i * sizeof(Entry), sizeof entry);
    if (entry != 0) whole[i] = entry;
  }
  return whole;
}

}  // namespace

std::optional<ExportDescription> findExport(std::uint64_t interfaceId) {
  for (const ContractDescription& contract : ContractRegistration::all()) {
    for (const ExportDescription* each = contract.exports; each != nullptr; each = each->inherited) {
      if (each->interfaceId == interfaceId) return *each;
    }
  }
  return std::nullopt;
}

CompletedTables::CompletedTables(const BulkheadModule& module, void* self,
                                 const std::vector<ServedInterface>& interfaces) {
  const std::span exports(module.exports, module.export_count);
  for (const ServedInterface& served : interfaces) {
    const auto own = std::find_if(exports.begin(), exports.end(), [&](const BulkheadExport& candidate) {
      return candidate.interface_id == served.interfaceId;
    });
    const auto app = findExport(served.interfaceId);
    if (!app) continue;
    // An older module may lack what the application's interface inherits by now.
    const BulkheadTable& table = own == exports.end() ? *app->unimplementedTable : *own->table;
    copies_.push_back(complete(table, *app->unimplementedTable));
    tables_.push_back({served.interfaceId, reinterpret_cast<const BulkheadTable*>(copies_.back().get()), self});
  }
}

std::vector<BoundTable> stubTables(BulkheadChannel* channel, const std::vector<ServedInterface>& interfaces) {
  std::vector<BoundTable> tables;
  for (const ServedInterface& served : interfaces) {
    if (const auto app = findExport(served.interfaceId))
      tables.push_back({served.interfaceId, app->stubTable, channel});
  }
  return tables;
}

}  // namespace bulkhead::detail
