// Built from a schema with a method more than the application's.
#include "tool.h"

class Tool final : public BasicTool {
 public:
  bulkhead::Result<std::string> later(std::string_view text) override { return "later " + std::string(text); }
  bulkhead::Result<std::string> latest(std::string_view text) override { return "latest " + std::string(text); }
};

BULKHEAD_MODULE(Tool)
