-- Never ends, and never gives Lua or the module a chance to stop it.
function run(text)
  while true do end
end
