-- Our actions by their names, and the light of their buttons.

local place = require("resonantgen.place")

local toolbar = {}

local MAIN = 0 -- REAPER's main section of actions

-- An action is known once it was installed or has run; REAPER keeps the name, not the number.
function toolbar.note(name, command_id)
  local named = reaper.ReverseNamedCommandLookup(command_id)
  if named and named ~= "" then
    place.set("action_" .. name:lower(), "_" .. named, true)
  end
end

-- The number that REAPER has for an action in this run; 0 for one that is not known.
function toolbar.command(name)
  local named = place.setting("action_" .. name:lower())
  return named and reaper.NamedCommandLookup(named) or 0
end

function toolbar.show(name, on)
  local command_id = toolbar.command(name)
  if command_id ~= 0 then
    reaper.SetToggleCommandState(MAIN, command_id, on and 1 or 0)
    reaper.RefreshToolbar2(MAIN, command_id)
  end
end

return toolbar
