// Imports: what the host lets a module call.
#pragma once

#include <bulkhead/abi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bulkhead {

// One import interface as its generated code describes it.
struct HostImport {
  std::uint64_t interfaceId;
  const char* name;            // "CodecHost"
  const BulkheadTable* table;  // C entries that call the host's object
  void* object;                // the host's; what the entries take is a detail::ImportTarget of it
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

// For whom an import runs. Texts are valid until the import returns.
struct ServedCall {
  std::string_view module;   // its name
  std::uint64_t generation;  // counts the module's starts from 1
  std::string_view method;   // of the call that made the import, "Codec.decode"; empty: no call did
  std::uint64_t callId;      // the same for all imports of one call, never used again in this process; 0: no call
};

// The innermost import that the calling thread runs right now; nothing outside of one. No call made it when a thread of
// the module's own did, or the module's constructor or destructor. Never blocks.
std::optional<ServedCall> servedCall() noexcept;

}  // namespace bulkhead
