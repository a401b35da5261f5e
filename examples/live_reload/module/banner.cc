// The module. The tour edits a copy of this file in the build tree, and has it built again while the host runs.
#include "banner.module.h"

#include <string>

namespace {

constexpr char kBorder = '*';

class Banner final : public banner::module::Banner {
 public:
  bulkhead::Result<std::string> draw(std::string_view text) override {
    const std::string border(3, kBorder);
    return border + ' ' + std::string(text) + ' ' + border;
  }
};

}  // namespace

BULKHEAD_MODULE(Banner)
