-- Deadlocks in native code: add() holds the module's lock and calls report(), which wants it, too.
local total = 0

local function report()
  exclusively(function() host.log("total: " .. total) end)
end

local function add(n)
  exclusively(function()
    total = total + n
    report()
  end)
end

function run(text)
  add(#text)
  return "total: " .. total
end
