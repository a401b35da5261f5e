-- Functions that do next to nothing, to see what a crossing costs.
function double(n)
  return 2 * n
end

-- One call from the host; n imports, of which it returns how many found something.
function readStore(n)
  local found = 0
  for _ = 1, n do
    if host.get("small") then found = found + 1 end
  end
  return found
end
