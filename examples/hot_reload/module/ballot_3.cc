// Version 3 does not take every state.
#include "votes.h"

namespace {

class Ballot final : public Votes {
 public:
  bulkhead::Result<std::string> report() override { return std::string("version 3"); }
  bulkhead::Result<void> restore(std::span<const std::string_view> names, std::span<const std::uint32_t>) override {
    return bulkhead::Error("a ballot between " + std::to_string(names.size()) + " names is not worth keeping");
  }
};

}  // namespace

BULKHEAD_MODULE(Ballot)
