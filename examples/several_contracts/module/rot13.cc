// A module of one contract.
#include "codec.module.h"

#include <string>

namespace {

char turn(char c, char first) { return static_cast<char>(first + (c - first + 13) % 26); }

class Rot13 final : public codec::module::Codec {
 public:
  bulkhead::Result<std::string> encode(std::string_view text) override {
    std::string turned(text);
    for (char& c : turned) {
      if (c >= 'a' && c <= 'z') c = turn(c, 'a');
      if (c >= 'A' && c <= 'Z') c = turn(c, 'A');
    }
    return turned;
  }
  bulkhead::Result<std::string> decode(std::string_view text) override { return encode(text); }
};

}  // namespace

BULKHEAD_MODULE(Rot13)
