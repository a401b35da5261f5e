// The ledger of one loaded module, owned: what shared/runtime keeps while the module's hooks tell it.
#pragma once

#include "shared/runtime/ledger.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::loader {

// One thread of a module that lives.
struct ModuleThread {
  std::int32_t tid;
  bool detached;        // nobody will join it
  bool ending;          // past its start function and its TLS destructors: gone in a moment
  const void* start;    // its start function
  std::string name;     // what the kernel calls it; may be empty
  std::string runs;     // what runs there as far as the module said, a mangled type mostly; may be empty
  std::uintptr_t site;  // return address of the call that created it; 0: not known
};

// Movable. Any thread. After the end of the module's code close() or abandon() decides; destruction closes.
class ModuleLedger {
 public:
  // For a module at [begin, end) whose code has not run yet. Empty without memory for it.
  static ModuleLedger open(std::uintptr_t begin, std::uintptr_t end, bool abortOnBadFree);

  ModuleLedger() = default;

  // Whether something is noted: false without hooks in the module.
  bool isKept() const noexcept { return ledger_ != nullptr && bulkhead_ledger_is_used(ledger_.get()) != 0; }
  std::uintptr_t begin() const noexcept { return begin_; }
  BulkheadLedger* get() const noexcept { return ledger_.get(); }

  std::vector<ModuleThread> threads() const;

  // No code of the module runs any more but its destructors: runs those of thread_local objects of all threads; those
  // of static objects.
  void runTlsDestructors();
  void runStaticDestructors();
  // Gives back what is left, heap excepted. After the destructors.
  void clean();
  // The module is not mapped any more: its heap goes in bulk, and the ledger.
  void close() noexcept { ledger_.reset(); }
  // The module stays mapped for good, and so does its ledger.
  void abandon() noexcept { static_cast<void>(ledger_.release()); }

 private:
  struct Close {
    void operator()(BulkheadLedger* ledger) const noexcept { bulkhead_ledger_close(ledger); }
  };
  std::unique_ptr<BulkheadLedger, Close> ledger_;
  std::uintptr_t begin_ = 0;
};

}  // namespace bulkhead::loader
