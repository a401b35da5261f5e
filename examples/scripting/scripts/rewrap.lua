-- Search and replace, then every paragraph wrapped anew at 60 columns. The output is a whole text, not a line.
local replacements = { ["GNU"] = "gnu", ["License"] = "licence", ["license"] = "licence", ["program"] = "programme" }

function run(text)
  local replaced = 0
  text = text:gsub("%a+", function(word)
    local other = replacements[word]
    if other then replaced = replaced + 1 end
    return other
  end)

  local lines = {}
  for paragraph in (text .. "\n\n"):gmatch("(.-)\n%s*\n") do
    local line = ""
    for word in paragraph:gmatch("%S+") do
      if #line + 1 + #word > 60 and line ~= "" then
        lines[#lines + 1], line = line, word
      else
        line = line == "" and word or line .. " " .. word
      end
    end
    lines[#lines + 1] = line
  end
  host.log(("rewrap: %d words replaced, %d lines written"):format(replaced, #lines))
  return table.concat(lines, "\n")
end
