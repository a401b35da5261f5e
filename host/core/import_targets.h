// The host's imports as one generation of a module calls them.
#pragma once

#include <bulkhead/detail/import_scope.h>
#include <bulkhead/imports.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::detail {

// Outlives the generation's last import.
class ImportTargets {
 public:
  ImportTargets(const std::vector<HostImport>& given, std::string module, std::uint64_t generation) {
    owner_.module = std::move(module);
    owner_.generation = generation;
    targets_.reserve(given.size());  // the imports point into it
    for (const HostImport& import : given) {
      targets_.push_back({import.self, &owner_});
      imports_.push_back(import);
      imports_.back().self = &targets_.back();
    }
  }
  ImportTargets(const ImportTargets&) = delete;
  ImportTargets& operator=(const ImportTargets&) = delete;

  // Their `self` is what the table entries take.
  const std::vector<HostImport>& imports() const noexcept { return imports_; }
  // Once the generation has bindings, before a call can reach it.
  void serve(std::uint32_t guardId) noexcept { owner_.guardId.store(guardId, std::memory_order_release); }

 private:
  ImportOwner owner_;
  std::vector<ImportTarget> targets_;
  std::vector<HostImport> imports_;
};

}  // namespace bulkhead::detail
