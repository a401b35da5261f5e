#include "host/core/host_core.h"

#include "host/core/tables.h"
#include "host/in_process/backend.h"
#include "host/isolated/backend.h"
#include "host/isolated/fork_guard.h"
#include "host/isolated/services.h"
#include "host/watchdog/watchdog.h"
#include "shared/clock.h"
#include "shared/manifest/check.h"

#include <bulkhead/contract_host.h>
#include <bulkhead/detail/sinks.h>

#include <algorithm>
#include <span>
#include <utility>

namespace bulkhead::detail {
namespace {

using manifest::Role;

// The contracts this program was compiled with, decoded.
Result<std::vector<manifest::Contract>> appContracts() {
  std::vector<manifest::Contract> contracts;
  for (const ContractDescription& description : ContractRegistration::all()) {
    const std::span bytes(static_cast<const std::byte*>(description.manifest.data), description.manifest.size);
    auto contract = manifest::decodeContract(bytes, std::string("contract ") + description.name);
    if (!contract) return std::move(contract).error();
    contracts.push_back(*std::move(contract));
  }
  return contracts;
}

// Every interface that the module calls must be granted, or its calls would go nowhere.
Result<void> checkImports(const manifest::Manifest& module, const Imports& imports, const std::string& where) {
  for (const auto& contract : module.contracts) {
    for (const auto& interface : contract.interfaces) {
      if (interface.role != Role::imports) continue;
      const bool granted = std::any_of(imports.list().begin(), imports.list().end(),
                                       [&](const HostImport& import) { return import.interfaceId == interface.id; });
      if (granted) continue;
      return Error(ErrorKind::contractMismatch, where + ": the module calls " + interface.name +
                                                    ", which the host did not grant: pass an object that implements "
                                                    "it to Host::load()");
    }
  }
  return {};
}

// What `app` inherits by now and an older module does not have: calls of it are `unimplemented`.
void addInherited(const ExportDescription& app, bool serialized, const manifest::Manifest& module,
                  std::vector<ServedInterface>& served) {
  for (const ExportDescription* each = app.inherited; each != nullptr; each = each->inherited) {
    const auto same = [each](const ServedInterface& known) { return known.interfaceId == each->interfaceId; };
    if (module.find(each->interfaceId) != nullptr || std::any_of(served.begin(), served.end(), same)) continue;
    served.push_back({each->interfaceId, serialized, true});
  }
}

// Stands in for an import that nobody implements.
constexpr BulkheadTable kNoMethods = {sizeof(BulkheadTable), 0};
std::int32_t refuseImport(const BulkheadTable*, void*, std::uint16_t, BulkheadBytes, const BulkheadReply*,
                          const BulkheadErrorSink* error) noexcept {
  return report(error, ErrorKind::unimplemented, {}, "the host does not implement this import");
}

void grantMissing(const manifest::Manifest& module, std::vector<HostImport>& granted) {
  for (const auto& contract : module.contracts) {
    for (const auto& interface : contract.interfaces) {
      const bool isThere = std::any_of(granted.begin(), granted.end(),
                                       [&](const HostImport& import) { return import.interfaceId == interface.id; });
      if (interface.role != Role::imports || isThere) continue;
      granted.push_back({interface.id, "", &kNoMethods, nullptr, &refuseImport});
    }
  }
}

// What the module implements. What this program was not compiled with can be called by messages only.
std::vector<ServedInterface> servedInterfaces(const manifest::Manifest& module) {
  std::vector<ServedInterface> served;
  for (const auto& contract : module.contracts) {
    for (const auto& interface : contract.interfaces) {
      if (interface.role != Role::exports) continue;
      const auto app = findExport(interface.id);
      const bool serialized = (app && (app->flags & BULKHEAD_METHOD_SERIALIZED) != 0) ||
                              std::any_of(interface.methods.begin(), interface.methods.end(),
                                          [](const manifest::Method& method) { return method.serialized; });
      served.push_back({interface.id, serialized, app.has_value()});
      if (app) addInherited(*app, serialized, module, served);
    }
  }
  return served;
}

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

HostCore::HostCore(HostOptions options)
    : options_(std::make_shared<const HostOptions>(std::move(options))),
      watchdog_(options_->onStuckCall ? std::make_shared<watchdog::Watchdog>(options_) : nullptr) {}

HostCore::~HostCore() {
  for (const auto& weak : records_) {
    if (const auto record = weak.lock()) (void)record->stop({});
  }
  if (watchdog_ != nullptr) watchdog_->stop();
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

  const auto contracts = appContracts();
  if (!contracts) return contracts.error();
  auto fit = manifest::check(*contracts, opened->manifest(), opened->originalPath());
  if (!fit) return named(fit.error(), name);
  std::vector<HostImport> granted = imports.list();
  if (options.missingImports == MissingImports::unimplemented) {
    grantMissing(opened->manifest(), granted);
  } else if (auto complete = checkImports(opened->manifest(), imports, opened->originalPath()); !complete) {
    return named(complete.error(), name);
  }
  ModuleContext context{
      std::make_shared<ModuleSlot>(name, servedInterfaces(opened->manifest()), defaultDeadlineNs(choice->placement)),
      std::make_shared<const module_file::ModuleFile>(*std::move(opened)), std::move(granted), *std::move(fit),
      options_};
  context.slot->setWatchdog(watchdog_);
  auto backend = makeBackend(context, choice->placement);
  if (!backend) return named(backend.error(), name);
  auto record = std::make_shared<ModuleRecord>(context, std::move(choice->decision), *std::move(backend));
  if (auto started = record->backend().start(); !started) return named(started.error(), name);

  const std::lock_guard lock(mutex_);
  std::erase_if(records_, [](const auto& weak) { return weak.expired(); });
  records_.push_back(record);
  return record;
}

// The one switch on placement.
Result<std::unique_ptr<Backend>> HostCore::makeBackend(const ModuleContext& context, const Placement& placement) {
  if (placement.kind() == Placement::Kind::inProcess) {
    auto backend = in_process::Backend::make(context, placement.inProcessOptions());
    if (!backend) return std::move(backend).error();
    return std::unique_ptr<Backend>(*std::move(backend));
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
