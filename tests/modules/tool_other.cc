// A static constructor that leaves a trace (trace.h), in a module whose contract may be another one than the
// application's.
#include "tool.module.h"

#include <cstdio>
#include <string>

namespace {

struct Trace {
  Trace() { std::fputs("code of the module has run\n", stderr); }
} trace;

class Tool final : public tool::module::Tool {
 public:
#ifdef TOOL_IS_OTHER
  bulkhead::Result<std::string> twice(std::string_view number) override { return std::string(number) + "0"; }
#else
  bulkhead::Result<std::int32_t> twice(std::int32_t number) override { return 2 * number; }
#endif
  bulkhead::Result<std::string> later(std::string_view text) override { return std::string(text); }
};

}  // namespace

BULKHEAD_MODULE(Tool)
