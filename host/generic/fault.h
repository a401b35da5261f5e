// What is wrong with something given or described: thrown and caught within this room.
#pragma once

#include <stdexcept>

namespace bulkhead::generic {

class Fault final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace bulkhead::generic
