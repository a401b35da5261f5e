-- Works with the host: reads what other scripts stored, counts its own runs there, and lives with a refusal.
function run(text)
  local runs = tonumber(host.get("catalogue/runs") or "0") + 1
  host.put("catalogue/runs", tostring(runs))
  host.put("catalogue/" .. runs, tostring(#text))

  local words = {}
  for i, key in ipairs(host.keys("top word/")) do
    words[i] = ("%s (%s)"):format(key:match("/(.*)"), host.get(key))
  end

  local done, refusal = pcall(host.put, "", "nowhere")
  assert(not done, "the host takes an empty key")
  print("catalogue: run", runs)
  return ("run %d; top words so far: %s\nthe host refused: %s"):format(runs, table.concat(words, ", "), refusal)
end
