// The module in one placement, with a store of its own. The only line in this program that depends on the placement is
// the one that chooses it.
#pragma once

#include "scripting.host.h"
#include "store.h"

#include <bulkhead/host.h>

#include <string>
#include <vector>

struct Script {
  std::string name;
  std::string source;
};

struct Text {
  std::string name;
  std::string content;
};

// What one run of a script gave.
struct Outcome {
  bulkhead::Result<std::string> output;
  std::vector<std::string> lines;  // logged
  double milliseconds;
};

class Side {
 public:
  // Throws bulkhead::BadResult when the module cannot be loaded.
  Side(bulkhead::Host& host, const std::string& file, const char* name, const bulkhead::Placement& placement);

  Outcome run(const std::string& script, const Text& text);

  const scripting::host::Scripting& scripting() const { return scripting_; }
  const bulkhead::Module& module() const { return module_; }
  bulkhead::Module& module() { return module_; }
  Store& store() { return store_; }
  std::string placement() const { return std::string(toString(module_.placement().kind)); }

 private:
  Store store_;  // outlives the module, which borrows it
  bulkhead::Module module_;
  scripting::host::Scripting scripting_;
};

// Gives all scripts to a module that was just started: after the load, and in every fresh worker.
bulkhead::Result<void> loadScripts(const bulkhead::Starting& starting, const std::vector<Script>& scripts);
