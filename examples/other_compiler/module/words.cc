// The module, built twice from this one source. It uses its own standard library throughout.
#include "words.module.h"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using bulkhead::Result;

class Words final : public words::module::Words {
 public:
  Result<std::string> builtBy() override {
    std::string compiler = "g++ " __VERSION__;
#ifdef __clang__
    compiler = __VERSION__;
#endif
#ifdef _LIBCPP_VERSION
    return compiler + ", libc++";
#else
    return compiler + ", libstdc++";
#endif
  }
  Result<std::vector<std::string>> sorted(std::span<const std::string_view> words) override {
    std::vector<std::string> result(words.begin(), words.end());
    std::sort(result.begin(), result.end());
    return result;
  }
  // Throws what the standard library throws; the host gets an error with the type and text.
  Result<std::int32_t> number(std::string_view text) override { return std::stoi(std::string(text)); }
};

}  // namespace

BULKHEAD_MODULE(Words)
