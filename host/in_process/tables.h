// From the tables of two separately compiled sides to tables that each may call: full length, no holes, and by message
// where the two versions of a contract disagree on a method's C signature.
#pragma once

#include "host/core/import_targets.h"
#include "host/core/module_slot.h"
#include "host/in_process/message_entry.h"
#include "shared/manifest/check.h"

#include <bulkhead/abi.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace bulkhead::in_process {

// Owns what was made for one instance of a module; keep it as long as the tables are bound.
class ExportTables {
 public:
  // The module's tables for the given interfaces, as this program's handles call them. An entry that the module lacks
  // is the app's `unimplemented` thunk.
  ExportTables(const BulkheadModule& module, void* self, const std::vector<detail::ServedInterface>& interfaces,
               const manifest::Fit& fit);
  const std::vector<detail::BoundTable>& bound() const noexcept { return bound_; }

 private:
  std::vector<detail::BoundTable> bound_;
  std::vector<std::unique_ptr<MessageEntry>> entries_;
  std::vector<std::unique_ptr<std::uint64_t[]>> copies_;
};

class ImportTables {
 public:
  // The host's imports as the module calls them. The module itself completes what is too short for it.
  ImportTables(const BulkheadModule& module, const std::vector<detail::BoundImport>& imports, const manifest::Fit& fit);
  const std::vector<BulkheadImport>& bound() const noexcept { return bound_; }

 private:
  std::vector<BulkheadImport> bound_;
  std::vector<std::unique_ptr<MessageEntry>> entries_;
  std::vector<std::unique_ptr<std::uint64_t[]>> copies_;
};

}  // namespace bulkhead::in_process
