// A Lua state behind C++: every entry is a protected call, every Lua error a Result, every byte counted.
#pragma once

#include <bulkhead/result.h>

#include <lua.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

class HostBridge;

// What a Lua state holds. Its allocator gives what malloc gives: when that is nothing, Lua collects its garbage, tries
// again and then raises "not enough memory", so that exhaustion is an error of the script.
struct LuaMemory {
  std::uint64_t bytes = 0;
  std::uint64_t peakBytes = 0;
};

// Not for two threads at once.
class Interpreter {
 public:
  // Scripts get Lua's libraries without files, processes, foreign code and bytecode, and the host library. Throws when
  // there is no memory.
  explicit Interpreter(HostBridge& bridge);
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Runs the top level of `source` with globals of its own and keeps these under `name`.
  bulkhead::Result<void> load(std::string_view name, std::string_view source);
  // Calls the script's function `run`.
  bulkhead::Result<std::string> run(std::string_view script, std::string_view text);
  bulkhead::Result<std::int64_t> call(std::string_view script, std::string_view function, std::int64_t argument);

  static std::string language() { return LUA_RELEASE; }
  std::uint32_t scripts() const noexcept { return scripts_; }
  const LuaMemory& memory() const noexcept { return memory_; }

 private:
  struct Close {
    void operator()(lua_State* lua) const noexcept { lua_close(lua); }
  };

  // Calls `body` with a light userdata that points to `request`; its results are on the stack then.
  bulkhead::Result<void> enter(lua_CFunction body, const void* request, int results);

  LuaMemory memory_;
  std::unique_ptr<lua_State, Close> state_;
  std::uint32_t scripts_ = 0;
};
