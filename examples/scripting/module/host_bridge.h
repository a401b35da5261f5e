// The host's imports for code that Lua may leave by longjmp: nothing here throws, and what an import returned stays in
// the bridge, so that a Lua function owns nothing while it hands the values to Lua.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scripting::module {
class ScriptHost;
}

// Each call is true on success; else failure() says why. Results are valid until the next call.
class HostBridge {
 public:
  explicit HostBridge(scripting::module::ScriptHost& host) : host_(host) {}

  bool log(std::string_view line) noexcept;
  bool put(std::string_view key, std::string_view value) noexcept;
  bool get(std::string_view key) noexcept;      // sets isFound() and value()
  bool keys(std::string_view prefix) noexcept;  // sets list()

  bool isFound() const noexcept { return isFound_; }
  const std::string& value() const noexcept { return value_; }
  const std::vector<std::string>& list() const noexcept { return list_; }
  const std::string& failure() const noexcept { return failure_; }  // empty: no memory to say it

 private:
  template <class Call, class Keep>
  bool attempt(Call&& call, Keep&& keep) noexcept;

  scripting::module::ScriptHost& host_;
  bool isFound_ = false;
  std::string value_;
  std::vector<std::string> list_;
  std::string failure_;
};
