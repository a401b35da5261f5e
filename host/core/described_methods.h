// The methods of a module's exports as its own manifest describes them: what calls by message are made with.
#pragma once

#include "shared/manifest/manifest.h"

#include <bulkhead/abi.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace bulkhead::detail {

class DescribedMethods {
 public:
  explicit DescribedMethods(const manifest::Manifest& manifest);
  DescribedMethods(const DescribedMethods&) = delete;
  DescribedMethods& operator=(const DescribedMethods&) = delete;

  // Null when the module does not have it. Valid as long as this object.
  const BulkheadMethod* find(std::uint64_t interfaceId, std::uint16_t ordinal) const noexcept;

 private:
  std::deque<std::string> names_;  // never move: the methods point at them
  std::vector<BulkheadMethod> methods_;
};

}  // namespace bulkhead::detail
