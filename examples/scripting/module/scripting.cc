// The module: the contract on top of the interpreter.
#include "host_bridge.h"
#include "interpreter.h"
#include "scripting.module.h"

#include <string>

using bulkhead::Result;

class LuaScripting final : public scripting::module::Scripting {
 public:
  explicit LuaScripting(scripting::module::ScriptHost& host) : bridge_(host), interpreter_(bridge_) {}

  Result<void> load(std::string_view name, std::string_view source) override { return interpreter_.load(name, source); }

  Result<std::string> run(std::string_view script, std::string_view text) override {
    ++calls_;
    return interpreter_.run(script, text);
  }

  Result<std::int64_t> call(std::string_view script, std::string_view function, std::int64_t argument) override {
    ++calls_;
    return interpreter_.call(script, function, argument);
  }

  Result<scripting::StatsResult> stats() override {
    return scripting::StatsResult{interpreter_.language(), interpreter_.scripts(), calls_, interpreter_.memory().bytes,
                                  interpreter_.memory().peakBytes};
  }

 private:
  HostBridge bridge_;
  Interpreter interpreter_;
  std::uint64_t calls_ = 0;  // plain: the contract is serialized
};

BULKHEAD_MODULE(LuaScripting)
