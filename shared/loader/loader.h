// The one home of dlopen. Loads a module file for its entry table and closes it for real.
#pragma once

#include "shared/manifest/elf_file.h"

#include <bulkhead/abi.h>
#include <bulkhead/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::loader {

struct Source {
  // Absolute, and no file that is or was loaded under this path: a private copy under a name of its own.
  std::string path;
  // How errors call the module: the path that the user gave.
  std::string name;
  // Absolute paths, needed ones first: manifest::resolveDependencies.
  std::vector<std::string> dependencies;
  // For close() to say what holds the module.
  manifest::UnloadHints hints;
};

// A loaded module. Movable, not copyable. Safe to use from any thread, except close() and destruction beside any use.
class Library {
 public:
  // Opens the dependencies, then the module (all symbols bound at once, none visible to others), runs its constructors
  // and checks its entry table. Fails with loadFailed (the dynamic loader's text; a constructor that threw; an entry
  // table that makes no sense) or notAModule (no entry symbol); nothing stays loaded then, as far as the module lets
  // go. Blocks as long as the module's constructors do.
  static Result<Library> open(Source source);

  Library(Library&& other) noexcept
      : source_(std::move(other.source_)),
        handle_(std::exchange(other.handle_, nullptr)),
        dependencies_(std::exchange(other.dependencies_, {})),
        base_(other.base_),
        module_(std::exchange(other.module_, nullptr)) {}
  Library& operator=(Library&&) = delete;
  // Closes; what cannot be unloaded stays.
  ~Library();

  // The module's entry table: valid until close() succeeds.
  const BulkheadModule& module() const noexcept { return *module_; }

  // Where it is loaded.
  std::uintptr_t base() const noexcept { return base_; }

  // Unloads the module and proves by its address that it is gone, then its dependencies in reverse. Nothing of the
  // module may run or be referred to. Fails with unloadRefused, whose text says what is known to hold it; the module
  // then stays open and usable, and close() can be called again. Success is final; a second call does nothing.
  Result<void> close();

 private:
  explicit Library(Source source) : source_(std::move(source)) {}
  Result<void> load();
  Result<void> openDependencies();
  Result<void> findEntry();
  bool isLoaded() const;
  Error refusal() const;
  void closeDependencies();

  Source source_;
  void* handle_ = nullptr;
  std::vector<void*> dependencies_;
  std::uintptr_t base_ = 0;
  const BulkheadModule* module_ = nullptr;
};

}  // namespace bulkhead::loader
