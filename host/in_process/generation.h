// One loaded version of a module in this process, from its file to its bindings. Generations of one module stand side
// by side while one takes the other's place.
#pragma once

#include "host/core/import_targets.h"
#include "host/core/module_context.h"
#include "host/in_process/tables.h"
#include "shared/loader/instance.h"
#include "shared/loader/loader.h"

#include <bulkhead/placement.h>
#include <bulkhead/result.h>
#include <bulkhead/unload.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace bulkhead::in_process {

// Steps forward: open, construct, bind, and its group may be published; backward: when no call can reach it any more,
// unload. One thread at a time. Destroying one whose calls have ended undoes what is left, as far as the module lets
// go.
class Generation {
 public:
  Generation(detail::ModuleContext context, std::uint64_t number, const InProcessOptions& options);
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
  bool hasObject() const noexcept { return instance_ && instance_->self() != nullptr; }
  // Makes bindings that nobody can reach yet.
  Result<void> bind();
  // Gives the bindings back. No call is inside them.
  void unbind();

  // The rest of an unload, once no call is inside and none can come: the module is asked, its object goes, then what it
  // left behind, then the file, proven by address. `refused` leaves the file loaded: construct() and, unless it is
  // bound still, bind() make it usable again. After `parked` it must not be destroyed.
  // `deadlineNs` (CLOCK_MONOTONIC) limits the wait for threads that are about to be gone, nothing else.
  UnloadReport unload(WhenRefused whenRefused, std::int64_t deadlineNs);

  // A report of it with nothing in it yet.
  UnloadReport reportOf(UnloadReport::Outcome outcome) const;

  // Any thread, any time.
  Ledger ledger() const;

 private:
  class Departure;
  static void log(void* context, std::uint32_t level, BulkheadBytes line);

  const detail::ModuleContext context_;
  const std::uint64_t number_;
  const InProcessOptions options_;
  const BulkheadHostServices services_;
  detail::ImportTargets targets_;
  mutable std::mutex libraryMutex_;  // between ledger() and whoever opens or closes
  std::optional<loader::Library> library_;
  // One for each object that was constructed: threads of an object that is gone may still be inside its imports.
  std::vector<std::unique_ptr<ImportTables>> imports_;
  std::optional<loader::Instance> instance_;
  std::optional<ExportTables> exports_;
  detail::BindingGroup* group_ = nullptr;
};

}  // namespace bulkhead::in_process
