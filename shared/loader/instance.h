// The module's object: what its constructor made, and what stands behind `self` of all its tables.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/result.h>

#include <span>
#include <string_view>
#include <utility>

namespace bulkhead::loader {

// Owns the object. Movable. Destroyed before the Library that it comes from is closed, after the last call has ended.
class Instance {
 public:
  // Runs the module's constructor with what it may call; `imports` and `services` outlive the instance (the list itself
  // need not). `where` is how errors call the module. Fails with loadFailed, carrying the type and text of the
  // constructor's error. Blocks as long as the constructor does.
  static Result<Instance> create(const BulkheadModule& module, std::span<const BulkheadImport> imports,
                                 const BulkheadHostServices& services, std::string_view where);

  Instance(Instance&& other) noexcept
      : module_(std::exchange(other.module_, nullptr)), self_(std::exchange(other.self_, nullptr)) {}
  Instance& operator=(Instance&& other) noexcept {
    std::swap(module_, other.module_);
    std::swap(self_, other.self_);
    return *this;
  }
  ~Instance() { destroy(); }

  // The object: first argument of every entry of the module's tables. Null after destroy().
  void* self() const noexcept { return self_; }

  // Asks the module whether it may be unloaded. Fails with unloadRefused and the module's type and text; the object is
  // as it was then, as far as the module sees to that. Blocks as long as the module does. Nothing after destroy().
  Result<void> beforeUnload(std::string_view where);

  // Runs the module's destructor, once.
  void destroy() noexcept;

 private:
  Instance(const BulkheadModule& module, void* self) : module_(&module), self_(self) {}

  const BulkheadModule* module_;
  void* self_;
};

}  // namespace bulkhead::loader
