-- Lines, and the longest of them.
function run(text)
  local lines, bytes, longest, at = 0, 0, "", 0
  for line in text:gmatch("([^\n]*)\n?") do
    lines, bytes = lines + 1, bytes + #line
    if #line > #longest then longest, at = line, lines end
  end
  local shown = longest:gsub("^%s+", "")
  if #shown > 56 then shown = shown:sub(1, 53) .. "..." end
  return ("%.1f bytes a line; the longest is line %d with %d:\n%s"):format(bytes / lines, at, #longest, shown)
end
