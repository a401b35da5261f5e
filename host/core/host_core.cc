#include "host/core/host_core.h"

#include "host/core/admission.h"
#include "host/in_process/backend.h"
#include "host/isolated/backend.h"
#include "host/isolated/fork_guard.h"
#include "host/isolated/services.h"
#include "shared/clock.h"

#include <algorithm>
#include <utility>

namespace bulkhead::detail {
namespace {

std::int64_t defaultDeadlineNs(const Placement& placement) {
  return toNs(placement.kind() == Placement::Kind::inProcess ? placement.inProcessOptions().deadline
                                                             : placement.isolatedOptions().deadline);
}

Error named(const Error& error, const std::string& module) {
  ErrorBody body = error.body();
  if (body.module.empty()) body.module = module;
  return Error(std::move(body));
}

}  // namespace

HostCore::HostCore(HostOptions options) : options_(std::make_shared<const HostOptions>(std::move(options))) {}

HostCore::~HostCore() {
  for (const auto& weak : records_) {
    if (const auto record = weak.lock()) (void)record->stop(std::chrono::seconds(10));
  }
  if (services_ == nullptr) return;
  if (services_->foreign()) {
    isolated::fork_guard::abandon(services_);
  } else {
    services_->close();
  }
}

Result<std::shared_ptr<ModuleRecord>> HostCore::load(const std::string& file, const Placement& placement,
                                                     const Imports& imports, const LoadOptions& options) {
  auto opened = module_file::ModuleFile::open(file);
  if (!opened) return std::move(opened).error();
  const std::string name = options.name.empty() ? opened->name() : options.name;
  auto choice = choosePlacement(name, placement, placementEnvironment());
  if (!choice) return named(choice.error(), name);

  auto context = admit(*std::move(opened), imports, options.missingImports);
  if (!context) return named(context.error(), name);
  context->slot = std::make_shared<ModuleSlot>(name, context->served, defaultDeadlineNs(choice->placement));
  context->options = options_;
  auto backend = makeBackend(*context, choice->placement);
  if (!backend) return named(backend.error(), name);
  auto record = std::make_shared<ModuleRecord>(*context, ModuleRequest{imports, options.missingImports},
                                               std::move(choice->decision), *std::move(backend));
  if (auto started = record->backend().start(); !started) return named(started.error(), name);

  const std::lock_guard lock(mutex_);
  std::erase_if(records_, [](const auto& weak) { return weak.expired(); });
  records_.push_back(record);
  return record;
}

// The one switch on placement.
Result<std::unique_ptr<Backend>> HostCore::makeBackend(const ModuleContext& context, const Placement& placement) {
  if (placement.kind() == Placement::Kind::inProcess) {
    return std::unique_ptr<Backend>(std::make_unique<in_process::Backend>(context, placement.inProcessOptions()));
  }
  auto shared = services();
  if (!shared) return std::move(shared).error();
  auto backend = isolated::Backend::make(context, placement.isolatedOptions(), *std::move(shared));
  if (!backend) return std::move(backend).error();
  return std::unique_ptr<Backend>(*std::move(backend));
}

Result<std::shared_ptr<isolated::Services>> HostCore::services() {
  const std::lock_guard lock(mutex_);
  if (services_ == nullptr) {
    auto made = isolated::Services::start(*options_);
    if (!made) return std::move(made).error();
    services_ = *std::move(made);
  }
  if (services_->foreign()) return isolated::fork_guard::unavailable();
  return services_;
}

}  // namespace bulkhead::detail
