// Names inside one generated function, so that what the schema calls its fields never meets what the emitters add.
#pragma once

#include "proto/plugin/model.h"

#include <set>
#include <string>
#include <vector>

namespace bulkhead::plugin {

class Names {
 public:
  // `base`, or where it is taken `base` with something behind it. Schema names have no underscores.
  std::string pick(const std::string& base) {
    if (taken_.insert(base).second) return base;
    std::string name = base + "Out";
    while (!taken_.insert(name).second) name += "_";
    return name;
  }

 private:
  std::set<std::string> taken_;
};

// The names of a table entry's parameters.
struct EntryNames {
  explicit EntryNames(const Method& method);

  Names names;
  std::vector<std::string> params;  // as the schema's fields; of a message method one: the message
  std::vector<std::string> results;
  std::string self;
  std::string error;
};

}  // namespace bulkhead::plugin
