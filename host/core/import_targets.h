// The host's imports as one generation of a module calls them.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/import_scope.h>
#include <bulkhead/imports.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::detail {

// An import that can be called: HostImport with what its entries take.
struct BoundImport {
  std::uint64_t interfaceId;
  const BulkheadTable* table;
  void* self;
  BulkheadSkeleton skeleton;
};

// Outlives the generation's last import.
class ImportTargets {
 public:
  ImportTargets(const std::vector<HostImport>& given, std::string module, std::uint64_t generation) {
    owner_.module = std::move(module);
    owner_.generation = generation;
    targets_.reserve(given.size());  // the imports point into it
    for (const HostImport& import : given) {
      targets_.push_back({import.object, &owner_});
      imports_.push_back({import.interfaceId, import.table, &targets_.back(), import.skeleton});
    }
  }
  ImportTargets(const ImportTargets&) = delete;
  ImportTargets& operator=(const ImportTargets&) = delete;

  const std::vector<BoundImport>& imports() const noexcept { return imports_; }
  // Once the generation has bindings, before a call can reach it.
  void serve(std::uint32_t guardId) noexcept { owner_.guardId.store(guardId, std::memory_order_release); }

 private:
  ImportOwner owner_;
  std::vector<ImportTarget> targets_;
  std::vector<BoundImport> imports_;
};

}  // namespace bulkhead::detail
