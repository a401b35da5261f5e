// An import under way: whose it is, and what the calling thread keeps of it.
#pragma once

#include <bulkhead/detail/guard.h>
#include <bulkhead/runtime.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace bulkhead::detail {

// Whose imports: one generation of a module. Outlives the generation's imports.
struct ImportOwner {
  std::string module;
  std::uint64_t generation = 0;
  std::atomic<std::uint32_t> guardId{0};  // of the generation's bindings; 0 while it has none
};

// What `self` of the table entries of a HostImport points to, made for each generation.
struct ImportTarget {
  void* object;              // the host's
  const ImportOwner* owner;  // null: nobody knows
};

// Lives on the stack of the thread that runs the import. Imports of one thread nest.
class ImportScope {
 public:
  explicit ImportScope(const ImportTarget& target) noexcept : owner_(target.owner), outer_(callThread.import) {
    callThread.import = this;
    ++callThread.importDepth;
    if (callThread.scoped) [[unlikely]]
      hideCall();
  }
  ImportScope(const ImportScope&) = delete;
  ImportScope& operator=(const ImportScope&) = delete;
  ~ImportScope() {
    if (hidden_) [[unlikely]]
      showCall();
    --callThread.importDepth;
    callThread.import = outer_;
  }

  const ImportOwner* owner() const noexcept { return owner_; }

 private:
  // What runs in the import is not the call around it: its deadline and cancellation are not those of nested calls.
  [[gnu::cold]] void hideCall() noexcept;
  [[gnu::cold]] void showCall() noexcept;

  const ImportOwner* const owner_;
  const ImportScope* const outer_;
  bool hidden_ = false;
  BulkheadScope noCall_;  // in force while hidden_
};

}  // namespace bulkhead::detail
