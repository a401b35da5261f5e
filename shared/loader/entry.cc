#include "shared/loader/entry.h"

#include "shared/manifest/limits.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace bulkhead::loader {
namespace {

using manifest::kMaxInterfaces;
using manifest::kMaxMethods;

Error implausible(std::string_view where, const std::string& what) {
  return Error(ErrorKind::loadFailed, std::string(where) + ": its entry table makes no sense (" + what +
                                          "): rebuild it with bulkhead_add_module and this version of Bulkhead");
}

// Empty if the table is plausible.
std::string faultOf(const BulkheadTable* table, std::uint64_t interfaceId) {
  if (table == nullptr) return "a table is null";
  if (table->size < sizeof(BulkheadTable) || table->size % sizeof(void*) != 0 ||
      table->size > sizeof(BulkheadTable) + kMaxMethods * sizeof(void*)) {
    return "a table of " + std::to_string(table->size) + " bytes";
  }
  if (table->interface_id != interfaceId) return "a table of another interface";
  return {};
}

std::string faultOf(const BulkheadExport& entry) {
  if (entry.name == nullptr || entry.skeleton == nullptr) return "an export without name or skeleton";
  return faultOf(entry.table, entry.interface_id);
}

std::string faultOf(const BulkheadImportDeclaration& entry) {
  if (entry.name == nullptr) return "an import without name";
  return faultOf(entry.stub_table, entry.interface_id);
}

template <class T>
std::string faultOfAll(const T* entries, std::uint64_t count) {
  if (count > kMaxInterfaces) return std::to_string(count) + " interfaces";
  if (count > 0 && entries == nullptr) return "a null list of interfaces";
  for (std::uint64_t n = 0; n < count; ++n) {
    if (std::string fault = faultOf(entries[n]); !fault.empty()) return fault;
  }
  return {};
}

}  // namespace

Result<void> checkEntry(const BulkheadModule* module, std::string_view where) {
  if (module == nullptr) return implausible(where, "it is null");
  constexpr std::size_t kVersioned = offsetof(BulkheadModule, abi_version) + sizeof(std::uint32_t);
  if (module->size < kVersioned) return implausible(where, "it has no version");
  if (module->abi_version != BULKHEAD_ABI_VERSION) {
    return Error(ErrorKind::loadFailed, std::string(where) + " was built for version " +
                                            std::to_string(module->abi_version) +
                                            " of the module ABI, and this host speaks version " +
                                            std::to_string(BULKHEAD_ABI_VERSION) + ": rebuild the older of the two");
  }
  if (module->size < sizeof(BulkheadModule)) return implausible(where, "it is too short");
  if (module->create == nullptr || module->destroy == nullptr) return implausible(where, "it cannot create its object");
  for (const std::string& fault :
       {faultOfAll(module->exports, module->export_count), faultOfAll(module->imports, module->import_count)}) {
    if (!fault.empty()) return implausible(where, fault);
  }
  return {};
}

}  // namespace bulkhead::loader
