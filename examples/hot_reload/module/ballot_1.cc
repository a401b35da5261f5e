// Version 1: the names with their votes.
#include "votes.h"

namespace {

class Ballot final : public Votes {
 public:
  bulkhead::Result<std::string> report() override {
    std::string text = "version 1:";
    for (const auto& [name, votes] : votes()) text += " " + name + " " + std::to_string(votes);
    return text;
  }
};

}  // namespace

BULKHEAD_MODULE(Ballot)
