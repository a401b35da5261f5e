// What scripts find besides Lua's own libraries:
//   host.log(line)   host.put(key, value)   host.get(key) -> string or nil   host.keys(prefix) -> sorted table
//   exclusively(f)   calls f while the module's lock is held, and returns what f returns; the lock is not recursive
//   print(...)       one host.log line
#pragma once

#include <lua.hpp>

class HostBridge;

// A Lua function (lua_CFunction) that takes the bridge as a light userdata and fills the globals of the state. Raises.
int openHostLibrary(lua_State* lua);
