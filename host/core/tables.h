// From a module's own tables to what handles may call: full length, no holes.
#pragma once

#include "host/core/module_slot.h"

#include <bulkhead/abi.h>
#include <bulkhead/contract_host.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bulkhead::detail {

// What this program was compiled with for an interface, or nothing.
std::optional<ExportDescription> findExport(std::uint64_t interfaceId);

// The module's tables for the given interfaces, completed: an entry that the module lacks is the app's `unimplemented`
// thunk. Owns the completed copies; keep it as long as the tables are bound.
class CompletedTables {
 public:
  CompletedTables(const BulkheadModule& module, void* self, const std::vector<ServedInterface>& interfaces);
  const std::vector<BoundTable>& tables() const noexcept { return tables_; }

 private:
  std::vector<BoundTable> tables_;
  std::vector<std::unique_ptr<std::uint64_t[]>> copies_;
};

// The app's stub tables for the given interfaces, all on one channel.
std::vector<BoundTable> stubTables(BulkheadChannel* channel, const std::vector<ServedInterface>& interfaces);

}  // namespace bulkhead::detail
