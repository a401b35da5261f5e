// What the generated host side of a contract builds on. Not for hand-written code.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/detail/import_scope.h>
#include <bulkhead/detail/sinks.h>
#include <bulkhead/handle.h>
#include <bulkhead/imports.h>
#include <bulkhead/result.h>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace bulkhead::detail {

// The exports side of a contract as the app was compiled with it.
struct ExportDescription {
  std::uint64_t interfaceId;
  const char* name;
  const BulkheadTable* stubTable;                // its `self` is a BulkheadChannel*
  const BulkheadTable* unimplementedTable;       // full length; every entry reports ErrorKind::unimplemented
  const BulkheadTable* forwardTable;             // its `self` is a BulkheadForward*
  std::uint32_t flags;                           // BULKHEAD_METHOD_SERIALIZED when the whole interface is
  const ExportDescription* inherited = nullptr;  // the next table of the same interface: what it inherits
};

// A contract that is compiled into this program. Registered before main by its generated code, checked against every
// module that is loaded.
struct ContractDescription {
  const char* name;
  BulkheadBytes manifest;            // size in bytes: a flat capnp message (proto/manifest.capnp), static storage
  const ExportDescription* exports;  // null for a contract without an exports interface
};

class ContractRegistration {
 public:
  explicit ContractRegistration(const ContractDescription& description) noexcept;
  ~ContractRegistration();  // of a shared library that is unloaded
  ContractRegistration(const ContractRegistration&) = delete;
  ContractRegistration& operator=(const ContractRegistration&) = delete;

  // All of them, in no order.
  static std::vector<ContractDescription> all();

 private:
  ContractDescription description_;
  ContractRegistration* next_;
};

// Host and module may call each other this often within one call; the import after that is nestingTooDeep. The same
// limit in both placements.
inline constexpr std::uint32_t kMaxImportDepth = 64;

// Reports nestingTooDeep.
[[gnu::cold]] std::int32_t refuseDeepImport(const BulkheadErrorSink* error) noexcept;

// The host's object behind the `self` of an import's table entries.
inline void* importObject(void* self) noexcept { return static_cast<const ImportTarget*>(self)->object; }

// Runs one import for a module: no exception passes, whatever the host's object does.
template <class F>
std::int32_t guardedImport(void* self, const BulkheadErrorSink* error, F&& run) noexcept {
  if (callThread.importDepth >= kMaxImportDepth) return refuseDeepImport(error);
  const ImportScope scope(*static_cast<const ImportTarget*>(self));
  return guarded(error, std::forward<F>(run));
}

}  // namespace bulkhead::detail
