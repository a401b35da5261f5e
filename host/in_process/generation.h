// One loaded version of a module in this process, from its file to its bindings. Generations of one module stand side
// by side while one takes the other's place.
#pragma once

#include "host/core/import_targets.h"
#include "host/core/module_context.h"
#include "host/in_process/tables.h"
#include "shared/loader/instance.h"
#include "shared/loader/loader.h"

#include <bulkhead/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bulkhead::in_process {

// Steps forward: open, construct, bind, and its group may be published; backward: when no call can reach it any more,
// unload. One thread at a time. Destroying one whose calls have ended undoes what is left, as far as the module lets
// go.
class Generation {
 public:
  // `flags` are Binding::Flags for all its bindings.
  Generation(detail::ModuleContext context, std::uint64_t number, std::uint32_t flags);
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;
  ~Generation();

  std::uint64_t number() const noexcept { return number_; }
  // Its bindings: null before bind() and after unbind().
  detail::BindingGroup* group() const noexcept { return group_; }
  // Where the file is loaded; 0 when it is not.
  std::uintptr_t base() const noexcept { return library_ ? library_->base() : 0; }

  // Loads the file; its constructors run.
  Result<void> open();
  // Makes the module's object, unless it is there.
  Result<void> construct();
  // Makes bindings that nobody can reach yet.
  Result<void> bind();
  // Gives the bindings back. No call is inside them.
  void unbind();

  // The object goes, then the file, proven by address. No call is inside and none can come. On failure the file stays
  // loaded; construct() makes it usable again.
  Result<void> unload();

 private:
  static void log(void* context, std::uint32_t level, BulkheadBytes line);

  const detail::ModuleContext context_;
  const std::uint64_t number_;
  const std::uint32_t flags_;
  const BulkheadHostServices services_;
  detail::ImportTargets targets_;
  std::optional<loader::Library> library_;
  // One for each object that was constructed: threads of an object that is gone may still be inside its imports.
  std::vector<std::unique_ptr<ImportTables>> imports_;
  std::optional<loader::Instance> instance_;
  std::optional<ExportTables> exports_;
  detail::BindingGroup* group_ = nullptr;
};

}  // namespace bulkhead::in_process
