// Imports: what the host lets a module call.
#pragma once

#include <bulkhead/abi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bulkhead {

// One import interface as its generated code describes it.
struct HostImport {
  std::uint64_t interfaceId;
  const char* name;            // "CodecHost"
  const BulkheadTable* table;  // C entries that call the host's object
  void* self;                  // the host's object
  BulkheadSkeleton skeleton;   // decodes a message and calls the table
};

// The objects a module may call, given at load. They are borrowed: they must outlive the module, and their methods may
// run on any thread: the caller's, while it waits in a call, and threads of the host's pool for threads of the module.
class Imports {
 public:
  Imports() = default;
  // From generated import classes: `Imports(codecHost, clock)`.
  template <class... Objects>
  requires(sizeof...(Objects) > 0 && requires(Objects & ... objects) { (hostImport(objects), ...); })
      Imports(Objects&... objects) {
    (add(hostImport(objects)), ...);
  }

  const std::vector<HostImport>& list() const noexcept { return list_; }

 private:
  void add(const HostImport& import) { list_.push_back(import); }
  // Of an interface that inherits.
  template <std::size_t Size>
  void add(const std::array<HostImport, Size>& imports) {
    list_.insert(list_.end(), imports.begin(), imports.end());
  }

  std::vector<HostImport> list_;
};

}  // namespace bulkhead
