#include <bulkhead/detail/printable.h>
#include <bulkhead/stuck_call.h>

#include <string>

namespace bulkhead {
namespace {

std::string milliseconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

std::string StuckCall::describe() const {
  std::string text = module + " generation " + std::to_string(generation) + ": " + method + " hangs in thread " +
                     std::to_string(threadId) + (threadName.empty() ? "" : " (" + threadName + ")") + " for " +
                     milliseconds(runningFor) + ", its deadline was " + milliseconds(deadline);
  text = detail::printable(text, std::string::npos);
  if (stack.empty()) return text + "; no stack: " + noStack + "\n";
  return text + "\n" + toString(stack);
}

}  // namespace bulkhead
