// Built with older versions of its contract than the application.
#include "lineage.module.h"

namespace {

class Lineage final : public lineage::module::Lineage {
 public:
  bulkhead::Result<std::string> own() override { return "own"; }
#ifdef LINEAGE_INHERITS
  bulkhead::Result<std::string> inherited(std::string_view text) override { return "inherited " + std::string(text); }
#endif
};

}  // namespace

BULKHEAD_MODULE(Lineage)
