-- The most frequent long words of a text; the host's store keeps the winner.
function run(text)
  local count, total = {}, 0
  for word in text:lower():gmatch("%a[%a'-]*") do
    total = total + 1
    if #word > 5 then count[word] = (count[word] or 0) + 1 end
  end

  local words = {}
  for word in pairs(count) do words[#words + 1] = word end
  table.sort(words, function(a, b)
    if count[a] ~= count[b] then return count[a] > count[b] end
    return a < b
  end)

  if words[1] then host.put("top word/" .. words[1], tostring(count[words[1]])) end
  local top = {}
  for i = 1, math.min(4, #words) do top[i] = ("%s %d"):format(words[i], count[words[i]]) end
  return ("%d words, %d different long ones; most frequent: %s"):format(total, #words, table.concat(top, ", "))
end
