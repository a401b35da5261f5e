#include "host/core/admission.h"

#include "host/core/tables.h"

#include <bulkhead/contract_host.h>
#include <bulkhead/detail/sinks.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
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

// What `before` serves, without what it calls: that is between the new version and the host alone.
std::vector<manifest::Contract> exportsOf(const manifest::Manifest& before) {
  std::vector<manifest::Contract> contracts = before.contracts;
  for (manifest::Contract& contract : contracts) {
    std::erase_if(contract.interfaces, [](const manifest::Interface& each) { return each.role != Role::exports; });
  }
  return contracts;
}

bool isSame(const manifest::Manifest& a, const manifest::Manifest& b) {
  return std::equal(a.contracts.begin(), a.contracts.end(), b.contracts.begin(), b.contracts.end(),
                    [](const auto& one, const auto& other) { return one.message == other.message; });
}

std::string nameOf(const manifest::Manifest& module, std::uint64_t interfaceId) {
  const manifest::Interface* const interface = module.find(interfaceId);
  return interface == nullptr ? "interface " + std::to_string(interfaceId) : interface->name;
}

Result<void> checkKept(const std::vector<ServedInterface>& kept, const ModuleContext& next,
                       const manifest::Manifest& before) {
  std::string missing;
  for (const ServedInterface& interface : kept) {
    const auto same = [&](const ServedInterface& served) { return served.interfaceId == interface.interfaceId; };
    if (std::any_of(next.served.begin(), next.served.end(), same)) continue;
    missing.append(missing.empty() ? "" : ", ").append(nameOf(before, interface.interfaceId));
  }
  if (missing.empty()) return {};
  return Error(ErrorKind::contractMismatch, next.file->originalPath() + " does not implement " + missing +
                                                " any more, which the version that serves does and handles may refer "
                                                "to: unload the module and load this file anew");
}

}  // namespace

Result<ModuleContext> admit(module_file::ModuleFile file, const Imports& imports, MissingImports missing) {
  const auto contracts = appContracts();
  if (!contracts) return contracts.error();
  auto fit = manifest::check(*contracts, file.manifest(), file.originalPath());
  if (!fit) return std::move(fit).error();
  std::vector<HostImport> granted = imports.list();
  if (missing == MissingImports::unimplemented) {
    grantMissing(file.manifest(), granted);
  } else if (auto complete = checkImports(file.manifest(), imports, file.originalPath()); !complete) {
    return std::move(complete).error();
  }
  auto served = servedInterfaces(file.manifest());
  return ModuleContext{nullptr,
                       std::make_shared<const module_file::ModuleFile>(std::move(file)),
                       std::move(granted),
                       std::move(served),
                       *std::move(fit),
                       nullptr};
}

Result<void> admitAfter(const ModuleContext& next, const manifest::Manifest& before,
                        const std::vector<ServedInterface>& kept) {
  if (auto complete = checkKept(kept, next, before); !complete) return complete;
  if (isSame(before, next.file->manifest())) return {};
  auto fit = manifest::check(exportsOf(before), next.file->manifest(), next.file->originalPath());
  if (fit) return {};
  ErrorBody body = fit.error().body();
  body.text += " (\"the application\" here is the version that serves, whose callers stay)";
  return Error(std::move(body));
}

}  // namespace bulkhead::detail
