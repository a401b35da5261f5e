-- The headings of a text: markdown's, and numbered paragraphs as licences have them.
local function heading(line)
  local marks, title = line:match("^(#+)%s+(.+)$")
  if marks then return ("  "):rep(#marks - 1) .. title end
  local number, name = line:match("^%s*(%d+)%.%s+(%u.*)$")
  if number then return number .. ". " .. name end
end

function run(text)
  local headings, isCode = {}, false
  for line in text:gmatch("[^\n]+") do
    if line:sub(1, 3) == "```" then isCode = not isCode end
    local found = not isCode and heading(line)
    if found then headings[#headings + 1] = found:sub(1, 70) end
  end
  local count = #headings
  if count > 5 then headings = { headings[1], headings[2], headings[3], ("... and %d more"):format(count - 3) } end
  return ("%d headings\n%s"):format(count, table.concat(headings, "\n"))
end
