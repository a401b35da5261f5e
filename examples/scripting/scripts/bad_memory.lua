-- Keeps more and more copies of the text, until there is no more memory.
function run(text)
  local copies = {}
  while true do copies[#copies + 1] = text .. #copies end
end
