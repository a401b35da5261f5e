// Lua raises an error by longjmp, which runs no destructor. So each function here is C in spirit: its locals are
// trivial, C++ objects live in the bridge, and the bridge never throws into Lua.
#include "host_library.h"

#include "host_bridge.h"

#include <pthread.h>

#include <string>
#include <string_view>

namespace {

HostBridge& bridgeOf(lua_State* lua) { return *static_cast<HostBridge*>(lua_touserdata(lua, lua_upvalueindex(1))); }

std::string_view checkText(lua_State* lua, int argument) {
  std::size_t size = 0;
  const char* const text = luaL_checklstring(lua, argument, &size);
  return {text, size};
}

// Raises what the bridge failed with, at the script's line.
int raiseFailure(lua_State* lua) {
  const char* const text = bridgeOf(lua).failure().c_str();
  return luaL_error(lua, "%s", *text == '\0' ? "not enough memory" : text);
}

int hostLog(lua_State* lua) {
  const std::string_view line = checkText(lua, 1);
  return bridgeOf(lua).log(line) ? 0 : raiseFailure(lua);
}

int hostPut(lua_State* lua) {
  const std::string_view key = checkText(lua, 1);
  const std::string_view value = checkText(lua, 2);
  return bridgeOf(lua).put(key, value) ? 0 : raiseFailure(lua);
}

int hostGet(lua_State* lua) {
  HostBridge& bridge = bridgeOf(lua);
  if (!bridge.get(checkText(lua, 1))) return raiseFailure(lua);
  if (bridge.isFound()) {
    lua_pushlstring(lua, bridge.value().data(), bridge.value().size());
  } else {
    lua_pushnil(lua);
  }
  return 1;
}

int hostKeys(lua_State* lua) {
  HostBridge& bridge = bridgeOf(lua);
  const char* const prefix = luaL_optstring(lua, 1, "");
  if (!bridge.keys(prefix)) return raiseFailure(lua);
  lua_createtable(lua, static_cast<int>(bridge.list().size()), 0);
  lua_Integer index = 0;
  for (const std::string& key : bridge.list()) {
    lua_pushlstring(lua, key.data(), key.size());
    lua_rawseti(lua, -2, ++index);
  }
  return 1;
}

// Stands for every lock in native code. A mutex of the normal type: locking it again on the same thread waits for ever.
pthread_mutex_t scriptLock = PTHREAD_MUTEX_INITIALIZER;

int exclusively(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  lua_settop(lua, 1);
  ::pthread_mutex_lock(&scriptLock);
  const int status = lua_pcall(lua, 0, LUA_MULTRET, 0);
  ::pthread_mutex_unlock(&scriptLock);
  return status == LUA_OK ? lua_gettop(lua) : lua_error(lua);
}

constexpr luaL_Reg kHostFunctions[] = {
    {"log", hostLog}, {"put", hostPut}, {"get", hostGet}, {"keys", hostKeys}, {nullptr, nullptr}};

constexpr char kPrelude[] = R"(
function print(...)
  local words = table.pack(...)
  for i = 1, words.n do words[i] = tostring(words[i]) end
  host.log(table.concat(words, '\t'))
end
)";

}  // namespace

int openHostLibrary(lua_State* lua) {
  lua_newtable(lua);
  lua_pushvalue(lua, 1);
  luaL_setfuncs(lua, kHostFunctions, 1);
  lua_setglobal(lua, "host");
  lua_register(lua, "exclusively", exclusively);
  if (luaL_loadbufferx(lua, kPrelude, sizeof kPrelude - 1, "=prelude", "t") != LUA_OK) return lua_error(lua);
  lua_call(lua, 0, 0);
  return 0;
}
