// Names for addresses, with the files that were opened for them: for many stacks in a row.
#pragma once

#include "shared/symbols/object_file.h"

#include <bulkhead/stack.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace bulkhead::detail {

// On one thread at a time. Short-lived: it holds every file that an address led to.
class Symboliser {
 public:
  // The contract of bulkhead::symbolise.
  std::vector<StackFrame> frames(std::span<void* const> addresses);
  std::vector<StackFrame> frames(const std::string& file, std::span<const std::uint64_t> offsets);

 private:
  void add(const std::string& path, StackFrame frame, std::vector<StackFrame>& to);

  std::map<std::string, symbols::ObjectFile> files_;  // by the path that is read
};

}  // namespace bulkhead::detail
