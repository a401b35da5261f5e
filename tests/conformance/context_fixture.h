// What the tests of the call's context share: the module that asks, and a host whose import does what the test says.
#pragma once

#include "context.host.h"
#include "tests/conformance/modules.h"

#include <functional>
#include <map>
#include <string>

namespace bulkhead::conformance {

class ContextImports final : public context::host::ContextHost {
 public:
  using Act = std::function<void()>;

  // Before the calls that may ask for it; from any thread then.
  void on(const std::string& what, Act act) { acts_[what] = std::move(act); }
  Result<std::string> act(std::string_view what) override {
    const auto found = acts_.find(std::string(what));
    if (found != acts_.end()) found->second();
    return "acted: " + std::string(what);
  }

 private:
  std::map<std::string, Act> acts_;
};

class ContextFixture : public testing::EveryPlacement<context::host::Context> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("context"); }
  Imports imports() override { return host_; }
  // The same file once more, under another name.
  Result<Module> loadOther() { return load(modulePath(), host_, {"other"}); }

  ContextImports host_;
};

}  // namespace bulkhead::conformance
