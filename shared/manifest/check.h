// Does a module fit the application? Both were compiled against some version of a schema; this compares what the two
// versions say, interface by interface, before any code of the module runs.
#pragma once

#include "shared/manifest/manifest.h"

#include <bulkhead/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::manifest {

enum class MethodFit : std::uint8_t {
  same,
  renamed,       // one ordinal and C signature, two names: called as one method
  adapted,       // two C signatures whose messages are compatible: called by message
  onlyInApp,     // calling it (or being called through it) is `unimplemented`
  onlyInModule,  // never called, or `unimplemented` where the module calls the host
  mismatched,    // neither
};

struct MethodCheck {
  std::uint16_t ordinal = 0;
  MethodFit fit = MethodFit::same;
  std::string appName, moduleName;            // empty where the side lacks the method
  std::string appSignature, moduleSignature;  // for people; the same
  std::string conflict;                       // of a mismatched one: what differs, where the schema says so
};

// An interface that both sides know.
struct InterfaceCheck {
  std::uint64_t id = 0;
  std::string name;  // the application's
  Role role = Role::exports;
  std::vector<MethodCheck> methods;  // element n is ordinal n, as far as either side goes
};

// An interface that one side knows alone.
struct LoneInterface {
  std::uint64_t id = 0;
  std::string name;
  Role role = Role::exports;
};

struct Fit {
  std::vector<InterfaceCheck> interfaces;
  // The module implements or calls them, the application was not compiled with them. Tolerated: those that it
  // implements cannot be asked for, those that it calls answer `unimplemented`.
  std::vector<LoneInterface> unknownToApp;

  const InterfaceCheck* find(std::uint64_t interfaceId) const;
};

// Compares all that `app` and `module` share, for inspection: mismatches are part of the answer. Contracts of the
// application that the module does not know are no matter: they are other modules'.
Fit compare(std::span<const Contract> app, const Manifest& module);

// The same as a verdict. Fails with contractMismatch: another ABI version, one interface in two roles, or methods whose
// messages are incompatible; the text names the first method, both signatures and what to rebuild. `where` names the
// module file.
Result<Fit> check(std::span<const Contract> app, const Manifest& module, std::string_view where);

// Whether the module implements (role exports) or calls (role imports) `interfaceId`. Fails with unimplemented, naming
// what the module does have.
Result<void> requireInterface(const Manifest& module, std::uint64_t interfaceId, std::string_view name, Role role,
                              std::string_view where);

}  // namespace bulkhead::manifest
