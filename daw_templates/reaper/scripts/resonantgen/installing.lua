-- Our scripts as actions: ready for a key, a toolbar button, a pad or a tablet.

local say = require("resonantgen.say")
local toolbar = require("resonantgen.toolbar")

local installing = {}

local MAIN = 0
local PATTERN = "^ResonantGen %- (.+)%.lua$"

local function names_in(folder)
  local names, index = {}, 0
  local file = reaper.EnumerateFiles(folder:sub(1, -2), index)
  while file do
    names[#names + 1] = file:match(PATTERN)
    index = index + 1
    file = reaper.EnumerateFiles(folder:sub(1, -2), index)
  end
  table.sort(names)
  return names
end

-- How many there are now. REAPER writes its list once, with the last of them.
function installing.register_all(folder)
  local names, count = names_in(folder), 0
  for index, name in ipairs(names) do
    local path = ("%sResonantGen - %s.lua"):format(folder, name)
    local command_id = reaper.AddRemoveReaScript(true, MAIN, path, index == #names)
    if command_id ~= 0 then
      toolbar.note(name, command_id)
      count = count + 1
    end
  end
  say(("%d of %d actions are in the action list; look for ResonantGen there"):format(count, #names))
  return count
end

return installing
