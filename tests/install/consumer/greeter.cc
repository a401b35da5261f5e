#include "greeter.module.h"

#include <sstream>
#include <string>

namespace {

class PlainGreeter final : public greeter::module::Greeter {
 public:
  explicit PlainGreeter(greeter::module::GreeterHost& host) : host_(host) {}

  bulkhead::Result<std::string> greet(std::string_view name) override { return "hello, " + std::string(name); }

  bulkhead::Result<std::uint32_t> countWords(std::string_view text) override {
    std::istringstream stream{std::string(text)};
    std::uint32_t words = 0;
    for (std::string word; stream >> word;) ++words;
    if (auto logged = host_.log("counted"); !logged) return logged.error();
    return words;
  }

 private:
  greeter::module::GreeterHost& host_;
};

}  // namespace

BULKHEAD_MODULE(PlainGreeter)
