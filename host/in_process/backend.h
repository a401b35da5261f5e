// A module in the host's own process. The twin is host/isolated/backend.h.
#pragma once

#include "host/core/backend.h"
#include "host/core/import_targets.h"
#include "host/core/module_context.h"
#include "host/in_process/tables.h"
#include "shared/loader/instance.h"
#include "shared/loader/loader.h"

#include <bulkhead/placement.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bulkhead::in_process {

class Backend final : public detail::Backend {
 public:
  Backend(detail::ModuleContext context, const InProcessOptions& options);
  ~Backend() override;

  Result<void> start() override;
  Result<void> awaitLive(std::int64_t deadlineNs) override;
  Result<void> stop(std::chrono::milliseconds timeout) override;
  detail::BackendStatus status() const override { return {}; }
  void condemn(std::uint64_t, const char*, const std::string&) override {}  // nothing ends it but its unload

 private:
  Result<void> open();
  Result<void> construct();
  Result<void> serve();
  Result<void> unload();
  static void log(void* context, std::uint32_t level, BulkheadBytes line);

  const detail::ModuleContext context_;
  const std::uint32_t flags_;
  const BulkheadHostServices services_;
  detail::ImportTargets targets_;
  std::optional<loader::Library> library_;
  // One for each object that was constructed: threads of an object that is gone may still be inside its imports.
  std::vector<std::unique_ptr<ImportTables>> imports_;
  std::optional<loader::Instance> instance_;
  std::optional<ExportTables> exports_;
};

}  // namespace bulkhead::in_process
