// What the host is told of a call that hangs in its own process.
#pragma once

#include <bulkhead/stack.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead {

// A call of an in-process module that is past its deadline and has not come back. Plain data.
struct StuckCall {
  std::string module;
  std::uint64_t generation = 0;
  std::string method;                    // "Codec.decode"
  int threadId = 0;                      // of the kernel (gettid), as debuggers show it
  std::string threadName;                // empty: unknown
  std::chrono::nanoseconds deadline{0};  // what the call had
  std::chrono::nanoseconds runningFor{0};
  std::uint32_t report = 1;       // counts the reports of this call
  std::vector<StackFrame> stack;  // of the thread, innermost first: may be deep in what the module called
  std::string noStack;            // why `stack` is empty

  // Several lines: what is stuck, then the stack.
  std::string describe() const;
};

}  // namespace bulkhead
