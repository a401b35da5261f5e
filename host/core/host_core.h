// What a Host is made of.
#pragma once

#include "host/core/module_context.h"
#include "host/core/module_record.h"
#include "host/core/placement_rules.h"
#include "shared/manifest/manifest.h"

#include <bulkhead/host.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bulkhead::isolated {
class Services;
}
namespace bulkhead::watchdog {
class Watchdog;
}

namespace bulkhead::detail {

class HostCore {
 public:
  explicit HostCore(HostOptions options);
  HostCore(const HostCore&) = delete;
  HostCore& operator=(const HostCore&) = delete;
  ~HostCore();

  Result<std::shared_ptr<ModuleRecord>> load(const std::string& file, const Placement& placement,
                                             const Imports& imports, const LoadOptions& options);

 private:
  Result<std::unique_ptr<Backend>> makeBackend(const ModuleContext& context, const Placement& placement);
  Result<std::shared_ptr<isolated::Services>> services();

  const std::shared_ptr<const HostOptions> options_;
  const std::shared_ptr<watchdog::Watchdog> watchdog_;  // null unless HostOptions::onStuckCall is set
  std::mutex mutex_;
  std::shared_ptr<isolated::Services> services_;  // made for the first isolated module
  std::vector<std::weak_ptr<ModuleRecord>> records_;
};

}  // namespace bulkhead::detail
