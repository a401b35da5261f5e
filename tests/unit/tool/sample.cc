// What the command is tried on: answers, fails, crashes, hangs, prints.
#include "sample.module.h"

#include <bulkhead/module.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using bulkhead::Error;
using bulkhead::Result;

class Sample final : public sample::module::Sample {
 public:
  explicit Sample(sample::module::SampleHost& host) : host_(host) {}

  Result<std::int32_t> add(std::int32_t a, std::int32_t b) override { return a + b; }
  Result<void> fail(std::string_view text) override { return Error(std::string(text)); }
  Result<void> crash() override { std::abort(); }
  Result<void> hang() override {
    for (volatile bool never = false; !never;) {
    }
    return {};
  }
  Result<std::uint32_t> print(std::string_view line) override {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    return static_cast<std::uint32_t>(line.size());
  }
  Result<void> log(std::string_view line) override {
    bulkhead::log(bulkhead::LogLevel::info, line);
    return {};
  }
  Result<std::string> ask() override { return host_.answer(); }
  Result<sample::EchoResult> echo(std::string_view text, std::span<const std::byte> data) override {
    return sample::EchoResult{std::string(text), {data.begin(), data.end()}};
  }

 private:
  sample::module::SampleHost& host_;
};

}  // namespace

BULKHEAD_MODULE(Sample)
