// What both backends are made from: one version of a module as it was asked for.
#pragma once

#include "host/core/module_slot.h"
#include "host/module_file/module_file.h"
#include "shared/manifest/check.h"

#include <bulkhead/host.h>
#include <bulkhead/imports.h>

#include <memory>
#include <vector>

namespace bulkhead::detail {

struct ModuleContext {
  std::shared_ptr<ModuleSlot> slot;
  std::shared_ptr<const module_file::ModuleFile> file;
  std::vector<HostImport> imports;
  std::vector<ServedInterface> served;
  manifest::Fit fit;  // of the module's contracts with this program's
  std::shared_ptr<const HostOptions> options;
};

}  // namespace bulkhead::detail
