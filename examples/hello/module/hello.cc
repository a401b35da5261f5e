// The module: one class that implements the contract.
#include "hello.module.h"

#include <string>

using bulkhead::Error;
using bulkhead::Result;

class Hello final : public hello::module::Hello {
 public:
  explicit Hello(hello::module::HelloHost& host) : host_(host) {}

  Result<std::string> greet(std::string_view name) override {
    if (name.empty()) return Error("greet whom? The name is empty");
    if (auto logged = host_.log("greeting " + std::string(name)); !logged) return logged.error();
    return "Hello, " + std::string(name) + "!";
  }
  Result<std::int32_t> add(std::int32_t a, std::int32_t b) override { return a + b; }

 private:
  hello::module::HelloHost& host_;
};

BULKHEAD_MODULE(Hello)
