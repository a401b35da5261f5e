// Version 2: shares of the sum.
#include "votes.h"

namespace {

class Ballot final : public Votes {
 public:
  bulkhead::Result<std::string> report() override {
    const auto all = votes();
    std::uint64_t sum = 0;
    for (const auto& each : all) sum += each.second;
    std::string text = "version 2: of " + std::to_string(sum) + " votes";
    for (const auto& [name, votes] : all) text += " " + name + " " + std::to_string(100 * votes / sum) + "%";
    return text;
  }
};

}  // namespace

BULKHEAD_MODULE(Ballot)
