// What modules leave behind as soon as any code of theirs runs, and how a test sees it: a line on standard error, which
// is the process's own in one placement and brought there by the host in the other. Nothing that a test beside it or a
// run before it could have left.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bulkhead {

inline constexpr std::string_view kTrace = "code of the module has run";

// Whether any code of a traced module ran in `body`, which ends its host: what a worker wrote has come then.
template <class Body>
bool leavesTrace(const Body& body) {
  ::testing::internal::CaptureStderr();
  body();
  return ::testing::internal::GetCapturedStderr().find(kTrace) != std::string::npos;
}

}  // namespace bulkhead
