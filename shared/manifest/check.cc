#include "shared/manifest/check.h"

#include "shared/manifest/evolution.h"

#include <bulkhead/abi.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace bulkhead::manifest {
namespace {

// An interface and the contract it stands in.
struct Place {
  const Contract* contract = nullptr;
  const Interface* interface = nullptr;
};

Place find(std::span<const Contract> contracts, std::uint64_t id) {
  for (const Contract& contract : contracts) {
    for (const Interface& interface : contract.interfaces) {
      if (interface.id == id) return {&contract, &interface};
    }
  }
  return {};
}

// What the C signatures say. Without schema nodes that is all there is.
MethodFit fitOf(const Method& app, const Method& module, const std::string& conflict, bool hasSchema) {
  if (!conflict.empty()) return MethodFit::mismatched;
  if (app.cSignature != module.cSignature) return hasSchema ? MethodFit::adapted : MethodFit::mismatched;
  return app.name == module.name ? MethodFit::same : MethodFit::renamed;
}

InterfaceCheck compareInterfaces(const Place& app, const Place& module) {
  const Interface& ours = *app.interface;
  const Interface& theirs = *module.interface;
  const Evolution evolution(*app.contract, *module.contract, ours.id);
  InterfaceCheck result{.id = ours.id, .name = ours.name, .role = ours.role, .methods = {}};
  const std::size_t count = std::max(ours.methods.size(), theirs.methods.size());
  for (std::size_t n = 0; n < count; ++n) {
    const Method* ourMethod = n < ours.methods.size() ? &ours.methods[n] : nullptr;
    const Method* theirMethod = n < theirs.methods.size() ? &theirs.methods[n] : nullptr;
    MethodCheck method;
    method.ordinal = static_cast<std::uint16_t>(n);
    method.fit = theirMethod == nullptr ? MethodFit::onlyInApp : MethodFit::onlyInModule;
    if (ourMethod != nullptr && theirMethod != nullptr) {
      method.conflict = evolution.conflict(method.ordinal);
      method.fit = fitOf(*ourMethod, *theirMethod, method.conflict, evolution.hasSchema(method.ordinal));
    }
    if (ourMethod != nullptr)
      std::tie(method.appName, method.appSignature) = std::tie(ourMethod->name, ourMethod->signature);
    if (theirMethod != nullptr)
      std::tie(method.moduleName, method.moduleSignature) = std::tie(theirMethod->name, theirMethod->signature);
    result.methods.push_back(std::move(method));
  }
  return result;
}

// More methods means newer: ordinals are never taken back.
std::string remedy(const InterfaceCheck& interface, std::string_view where) {
  const auto only = [&](MethodFit fit) {
    return std::any_of(interface.methods.begin(), interface.methods.end(),
                       [&](const MethodCheck& method) { return method.fit == fit; });
  };
  if (only(MethodFit::onlyInApp)) {
    return std::string("the module was built with the older schema: rebuild ").append(where);
  }
  if (only(MethodFit::onlyInModule)) return "the application was built with the older schema: rebuild the application";
  return std::string("rebuild ").append(where).append(" or the application, whichever has the older schema");
}

Error mismatch(const InterfaceCheck& interface, const MethodCheck& method, std::size_t more, std::string_view where) {
  std::string text = interface.name + "." + method.appName + " (@" + std::to_string(method.ordinal) +
                     ") differs: the application was compiled with `" + method.appSignature + "`, " +
                     std::string(where) + " with `" + method.moduleSignature + "`";
  if (!method.conflict.empty()) text += " (" + method.conflict + ")";
  if (more > 0) text += "; " + std::to_string(more) + (more == 1 ? " more method differs" : " more methods differ");
  text += "; " + remedy(interface, where);
  ErrorBody body;
  body.kind = ErrorKind::contractMismatch;
  body.method = interface.name + "." + method.appName;
  body.text = std::move(text);
  return Error(std::move(body));
}

Result<void> checkAbi(const Manifest& module, std::string_view where) {
  for (const Contract& contract : module.contracts) {
    if (contract.abiVersion == BULKHEAD_ABI_VERSION) continue;
    return Error(ErrorKind::contractMismatch,
                 std::string(where) + " was built for version " + std::to_string(contract.abiVersion) +
                     " of the module ABI, and this host speaks version " + std::to_string(BULKHEAD_ABI_VERSION) +
                     ": rebuild the one that has the older Bulkhead");
  }
  return {};
}

const char* nameOf(Role role) { return role == Role::exports ? "exports" : "imports"; }

Result<void> checkRoles(std::span<const Contract> app, const Manifest& module, std::string_view where) {
  for (const Contract& contract : module.contracts) {
    for (const Interface& theirs : contract.interfaces) {
      const Interface* ours = find(app, theirs.id).interface;
      if (ours == nullptr || ours->role == theirs.role) continue;
      return Error(ErrorKind::contractMismatch, "interface " + ours->name + " is annotated as " + nameOf(ours->role) +
                                                    " in the application's schema and as " + nameOf(theirs.role) +
                                                    " in that of " + std::string(where) +
                                                    ": rebuild the one that has the older schema");
    }
  }
  return {};
}

Result<void> checkMethods(const Fit& fit, std::string_view where) {
  const InterfaceCheck* firstInterface = nullptr;
  const MethodCheck* first = nullptr;
  std::size_t count = 0;
  for (const InterfaceCheck& interface : fit.interfaces) {
    for (const MethodCheck& method : interface.methods) {
      if (method.fit != MethodFit::mismatched) continue;
      if (count++ == 0) std::tie(firstInterface, first) = std::pair(&interface, &method);
    }
  }
  if (count > 0) return mismatch(*firstInterface, *first, count - 1, where);
  return {};
}

}  // namespace

const InterfaceCheck* Fit::find(std::uint64_t interfaceId) const {
  const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                  [&](const InterfaceCheck& interface) { return interface.id == interfaceId; });
  return found == interfaces.end() ? nullptr : &*found;
}

Fit compare(std::span<const Contract> app, const Manifest& module) {
  Fit fit;
  for (const Contract& contract : module.contracts) {
    for (const Interface& theirs : contract.interfaces) {
      if (const Place ours = find(app, theirs.id); ours.interface != nullptr) {
        fit.interfaces.push_back(compareInterfaces(ours, {&contract, &theirs}));
      } else {
        fit.unknownToApp.push_back({.id = theirs.id, .name = theirs.name, .role = theirs.role});
      }
    }
  }
  return fit;
}

Result<Fit> check(std::span<const Contract> app, const Manifest& module, std::string_view where) {
  if (Result<void> abi = checkAbi(module, where); !abi) return std::move(abi).error();
  if (Result<void> roles = checkRoles(app, module, where); !roles) return std::move(roles).error();
  Fit fit = compare(app, module);
  if (Result<void> methods = checkMethods(fit, where); !methods) return std::move(methods).error();
  return fit;
}

Result<void> requireInterface(const Manifest& module, std::uint64_t interfaceId, std::string_view name, Role role,
                              std::string_view where) {
  std::string known;
  for (const Contract& contract : module.contracts) {
    for (const Interface& interface : contract.interfaces) {
      if (interface.role != role) continue;
      if (interface.id == interfaceId) return {};
      known.append(known.empty() ? "" : ", ").append(interface.name);
    }
  }
  const char* verb = role == Role::exports ? "implement" : "call";
  return Error(ErrorKind::unimplemented, std::string(where) + " does not " + verb + " interface " + std::string(name) +
                                             " (it " + verb + "s " + (known.empty() ? "none" : known) + ")");
}

}  // namespace bulkhead::manifest
