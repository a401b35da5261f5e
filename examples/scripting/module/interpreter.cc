// Two kinds of functions: members of Interpreter own C++ objects and touch only what cannot raise; the functions that
// Lua calls, and that may be left by longjmp, have trivial locals only.
#include "interpreter.h"

#include "host_library.h"

#include <algorithm>
#include <cstdlib>
#include <new>

using bulkhead::Error;
using bulkhead::Result;

namespace {

constexpr char kScripts[] = "scripting.scripts";  // in the registry: name -> globals of the script

struct LoadRequest {
  std::string_view name;
  std::string_view source;
};

struct RunRequest {
  std::string_view script;
  std::string_view text;
};

struct CallRequest {
  std::string_view script;
  std::string_view function;
  std::int64_t argument;
};

template <class Request>
const Request& requestOf(lua_State* lua) {
  return *static_cast<const Request*>(lua_touserdata(lua, 1));
}

void push(lua_State* lua, std::string_view text) { lua_pushlstring(lua, text.data(), text.size()); }

void* allocate(void* context, void* block, std::size_t oldSize, std::size_t newSize) {
  LuaMemory& memory = *static_cast<LuaMemory*>(context);
  if (block == nullptr) oldSize = 0;  // then it is the kind of the object
  if (newSize == 0) {
    std::free(block);
    memory.bytes -= oldSize;
    return nullptr;
  }
  void* const moved = std::realloc(block, newSize);
  if (moved == nullptr) return nullptr;
  memory.bytes += newSize - oldSize;
  memory.peakBytes = std::max(memory.peakBytes, memory.bytes);
  return moved;
}

int addTraceback(lua_State* lua) {
  luaL_traceback(lua, lua, luaL_tolstring(lua, 1, nullptr), 1);
  return 1;
}

int openLibraries(lua_State* lua) {
  constexpr luaL_Reg kLibraries[] = {{LUA_GNAME, luaopen_base},       {LUA_STRLIBNAME, luaopen_string},
                                     {LUA_TABLIBNAME, luaopen_table}, {LUA_MATHLIBNAME, luaopen_math},
                                     {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_COLIBNAME, luaopen_coroutine}};
  for (const luaL_Reg& library : kLibraries) {
    luaL_requiref(lua, library.name, library.func, 1);
    lua_pop(lua, 1);
  }
  // These read files, or bytecode, which Lua does not check.
  for (const char* const name : {"dofile", "loadfile", "load"}) {
    lua_pushnil(lua);
    lua_setglobal(lua, name);
  }
  lua_newtable(lua);
  lua_setfield(lua, LUA_REGISTRYINDEX, kScripts);
  return openHostLibrary(lua);
}

// Pushes a table for the globals of a script: its own first, then everybody's.
void pushNewGlobals(lua_State* lua) {
  lua_newtable(lua);
  lua_createtable(lua, 0, 1);
  lua_pushglobaltable(lua);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

// Leaves whether the script is a new one.
int loadScript(lua_State* lua) {
  const LoadRequest& request = requestOf<LoadRequest>(lua);
  push(lua, request.name);
  const char* const chunk = lua_pushfstring(lua, "@%s.lua", lua_tostring(lua, -1));
  if (luaL_loadbufferx(lua, request.source.data(), request.source.size(), chunk, "t") != LUA_OK) return lua_error(lua);
  pushNewGlobals(lua);
  const int globals = lua_gettop(lua);
  lua_pushvalue(lua, globals);
  lua_setupvalue(lua, globals - 1, 1);  // of a chunk: _ENV
  lua_pushvalue(lua, globals - 1);
  lua_call(lua, 0, 0);

  lua_getfield(lua, LUA_REGISTRYINDEX, kScripts);
  push(lua, request.name);
  const bool isNew = lua_rawget(lua, -2) == LUA_TNIL;
  lua_pop(lua, 1);
  push(lua, request.name);
  lua_pushvalue(lua, globals);
  lua_rawset(lua, -3);
  lua_pushboolean(lua, isNew ? 1 : 0);
  return 1;
}

void pushFunction(lua_State* lua, std::string_view script, std::string_view function) {
  lua_getfield(lua, LUA_REGISTRYINDEX, kScripts);
  push(lua, script);
  if (lua_rawget(lua, -2) != LUA_TTABLE) {
    push(lua, script);
    luaL_error(lua, "no script '%s' is loaded", lua_tostring(lua, -1));
  }
  push(lua, function);
  if (lua_rawget(lua, -2) != LUA_TFUNCTION) {
    push(lua, script);
    push(lua, function);
    luaL_error(lua, "script '%s' has no function '%s'", lua_tostring(lua, -2), lua_tostring(lua, -1));
  }
}

int runScript(lua_State* lua) {
  const RunRequest& request = requestOf<RunRequest>(lua);
  pushFunction(lua, request.script, "run");
  push(lua, request.text);
  lua_call(lua, 1, 1);
  if (lua_type(lua, -1) != LUA_TSTRING)
    return luaL_error(lua, "run() returned a %s, not a string", luaL_typename(lua, -1));
  return 1;
}

int callFunction(lua_State* lua) {
  const CallRequest& request = requestOf<CallRequest>(lua);
  pushFunction(lua, request.script, request.function);
  lua_pushinteger(lua, request.argument);
  lua_call(lua, 1, 1);
  if (lua_isinteger(lua, -1) == 0)
    return luaL_error(lua, "the function returned a %s, not an integer", luaL_typename(lua, -1));
  return 1;
}

// Restores the height of the stack, whatever happens to the values on it.
class StackScope {
 public:
  explicit StackScope(lua_State* lua) : lua_(lua), top_(lua_gettop(lua)) {}
  StackScope(const StackScope&) = delete;
  StackScope& operator=(const StackScope&) = delete;
  ~StackScope() { lua_settop(lua_, top_); }

 private:
  lua_State* lua_;
  int top_;
};

}  // namespace

Interpreter::Interpreter(HostBridge& bridge) : state_(lua_newstate(&allocate, &memory_)) {
  if (state_ == nullptr) throw std::bad_alloc();
  enter(&openLibraries, &bridge, 0).value();
}

Result<void> Interpreter::load(std::string_view name, std::string_view source) {
  const StackScope scope(state_.get());
  const LoadRequest request{name, source};
  auto loaded = enter(&loadScript, &request, 1);
  if (loaded && lua_toboolean(state_.get(), -1) != 0) ++scripts_;
  return loaded;
}

Result<std::string> Interpreter::run(std::string_view script, std::string_view text) {
  const StackScope scope(state_.get());
  const RunRequest request{script, text};
  if (auto ran = enter(&runScript, &request, 1); !ran) return std::move(ran).error();
  std::size_t size = 0;
  const char* const output =
      lua_tolstring(state_.get(), -1, &size);  // a string already: no conversion that could raise
  return std::string(output, size);
}

Result<std::int64_t> Interpreter::call(std::string_view script, std::string_view function, std::int64_t argument) {
  const StackScope scope(state_.get());
  const CallRequest request{script, function, argument};
  if (auto called = enter(&callFunction, &request, 1); !called) return std::move(called).error();
  return std::int64_t{lua_tointeger(state_.get(), -1)};
}

Result<void> Interpreter::enter(lua_CFunction body, const void* request, int results) {
  lua_State* const lua = state_.get();
  lua_pushcfunction(lua, &addTraceback);
  lua_pushcfunction(lua, body);
  lua_pushlightuserdata(lua, const_cast<void*>(request));
  const int status = lua_pcall(lua, 1, results, -3);
  if (status == LUA_OK) return {};
  if (status == LUA_ERRMEM) lua_gc(lua, LUA_GCCOLLECT);  // room for the answer: what the script held is garbage now
  const bool isText = lua_type(lua, -1) == LUA_TSTRING;  // else a conversion could raise, here without protection
  return Error(isText ? lua_tostring(lua, -1) : "an error without a text");
}
