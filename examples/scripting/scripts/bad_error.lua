-- Raises an error, three calls deep, as a bug in a script does: there is no such heading.
local function find(text, heading)
  return text:match("\n" .. heading .. "\n(.-)\n\n")
end

local function size(text, heading)
  local paragraph = find(text, heading)
  return #paragraph
end

function run(text)
  return "bytes: " .. size(text, "## No such heading")
end
