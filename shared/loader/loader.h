// The one home of dlopen. Loads a module file for its entry table and closes it for real.
#pragma once

#include "shared/loader/ledger.h"
#include "shared/loader/pins.h"
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
  // For pins() and close() to say what holds the module.
  manifest::UnloadHints hints;
  // Whether a ledger is kept of what the module's code acquires, and what a free of another's memory does to the
  // process.
  bool keepLedger = false;
  bool abortOnBadFree = false;
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
        extent_(other.extent_),
        finalized_(other.finalized_),
        ledger_(std::move(other.ledger_)),
        module_(std::exchange(other.module_, nullptr)) {}
  Library& operator=(Library&&) = delete;
  // Finalizes and closes; what cannot be unloaded stays, and so does a module whose threads live.
  ~Library();

  // The module's entry table: valid until close() succeeds.
  const BulkheadModule& module() const noexcept { return *module_; }

  // Where it is loaded.
  std::uintptr_t base() const noexcept { return base_; }
  const Extent& extent() const noexcept { return extent_; }

  // Empty unless Source asked for one.
  const ModuleLedger& ledger() const noexcept { return ledger_; }

  // What is known to make close() fail.
  std::vector<Pin> pins() const { return findPins(extent_, source_.hints); }

  // With a ledger that is kept, or destructors that were deferred: runs the module's destructors of thread_local and
  // static objects; nothing of the module may run afterwards, so that what the ledger then holds is what it leaves
  // behind. Else dlclose does that. Whether the module is past return now. The second time does nothing.
  bool finalize();

  // Gives back what the module left behind (finalize() comes first where the ledger is kept), unloads the module and
  // proves by its address that it is gone, then its dependencies in reverse, then its heap. Nothing of the module may
  // run or be referred to. Fails with unloadRefused, whose text says what is known to hold it; the module then stays
  // open, usable if it was not finalized, and close() can be called again. Success is final; a second call does
  // nothing.
  Result<void> close();

  // Leaves it in memory until the process ends.
  void abandon() noexcept;

 private:
  explicit Library(Source source) : source_(std::move(source)) {}
  Result<void> load();
  Result<void> openDependencies();
  Result<void> findEntry();
  bool isLoaded() const { return extentOf(base_, source_.path).end != 0; }
  Error refusal() const;
  void closeDependencies();

  Source source_;
  void* handle_ = nullptr;
  std::vector<void*> dependencies_;
  std::uintptr_t base_ = 0;
  Extent extent_;
  bool finalized_ = false;
  ModuleLedger ledger_;
  const BulkheadModule* module_ = nullptr;
};

}  // namespace bulkhead::loader
