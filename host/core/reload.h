// One reload of one module: a transaction over the seam, the same for both placements.
#pragma once

#include "host/core/module_context.h"
#include "host/core/module_record.h"
#include "host/core/state_handover.h"

#include <bulkhead/host.h>
#include <bulkhead/reload.h>

#include <string>

namespace bulkhead::detail {

// Used once, with the record's turn.
class Reload {
 public:
  Reload(ModuleRecord& record, const ReloadOptions& options) : record_(record), options_(options) {}

  Result<ReloadReport> run(const std::string& file);

 private:
  Result<void> check(const std::string& file);
  Result<void> test(const BindingGroup* group);
  Result<void> swap(const BindingGroup* group);
  void settle();
  Error failed(const char* step, const Error& why) const;

  ModuleRecord& record_;
  const ReloadOptions& options_;
  ModuleContext next_;
  const ModuleVersion* version_ = nullptr;
  ReloadReport report_;
};

}  // namespace bulkhead::detail
