// What the tests of stacks share.
#pragma once

#include "traced.host.h"

#include <bulkhead/host.h>
#include <bulkhead/stack.h>

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead::diagnostics {

inline const StackFrame* findFunction(const std::vector<StackFrame>& stack, const std::string& function) {
  const auto found = std::find_if(stack.begin(), stack.end(), [&](const StackFrame& frame) {
    return frame.function.find(function) != std::string::npos;
  });
  return found == stack.end() ? nullptr : &*found;
}

// That the stack has the function, at this line of the module's source; line 0: anywhere in it.
inline void expectInModule(const std::vector<StackFrame>& stack, const std::string& function, std::uint32_t line,
                           const std::string& object) {
  const StackFrame* const frame = findFunction(stack, function);
  ASSERT_NE(frame, nullptr) << function << " is not in\n" << toString(stack);
  EXPECT_THAT(frame->file, ::testing::EndsWith("traced.cc")) << toString(stack);
  EXPECT_EQ(frame->object, object) << toString(stack);
  EXPECT_GT(frame->line, 0u) << toString(stack);
  if (line != 0) {
    EXPECT_EQ(frame->line, line) << toString(stack);
  }
}

}  // namespace bulkhead::diagnostics
