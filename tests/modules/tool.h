// The methods that every version of the tool has.
#pragma once

#include "tool.module.h"

#include <string>

class BasicTool : public tool::module::Tool {
 public:
  bulkhead::Result<std::int32_t> twice(std::int32_t number) override { return 2 * number; }
};
