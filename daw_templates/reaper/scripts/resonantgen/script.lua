-- What every script of ours begins with: who it is, and what set it off.

local toolbar = require("resonantgen.toolbar")

local script = {}

-- "Lock Drums" for ".../ResonantGen - Lock Drums.lua", the folder it lies in, and the action's number.
function script.context()
  local _, path, section, command_id, mode, _, value, text = reaper.get_action_context()
  local name = path:match("ResonantGen %- ([^/\\]+)%.lua$")
  if name and section == 0 and command_id > 0 then
    toolbar.note(name, command_id)
  end
  return {
    name = name, folder = path:match("^(.*[/\\])"), section = section, command_id = command_id,
    is_control = mode >= 0, value = value, text = text or "",
  }
end

-- What an OSC message brought that is bound to the script ("osc:/path:f=0.5", "osc:/path:s=text"): its number
-- or its text, nil for the other.
function script.osc(context)
  local rest = context.text:match("^osc:[^:]*:(.*)$") or ""
  return tonumber(rest:match("^f=(.*)$")), rest:match("^s=(.*)$")
end

-- Whether this is the release of a button: pads and tablets send 0 then, and REAPER runs the script once more.
function script.is_release(context)
  if context.text:match("^osc:") then
    return script.osc(context) == 0
  end
  return context.is_control and context.value == 0
end

return script
