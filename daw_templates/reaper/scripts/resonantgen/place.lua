-- Where this machine's scripts and the engine meet, and the settings that REAPER keeps for us.

local place = {}

place.SECTION = "ResonantGen" -- of REAPER's extended state
place.DEFAULT_PORT = 9130

local function environment(name, fallback)
  local value = os.getenv(name)
  return value ~= nil and value ~= "" and value or fallback
end

-- The engine's rule (`data_folder` in bridge/reaper.py). It does not ask XDG_DATA_HOME: a terminal, the desktop and
-- a sandboxed REAPER each have another.
local function data_folder()
  local home = environment("HOME", environment("USERPROFILE", "."))
  local system = reaper.GetOS()
  if system:match("^Win") then
    return environment("LOCALAPPDATA", home .. "/AppData/Local")
  elseif system:match("^OSX") or system:match("^macOS") then
    return home .. "/Library/Application Support"
  end
  return home .. "/.local/share"
end

function place.setting(key, fallback)
  local value = reaper.GetExtState(place.SECTION, key)
  return value ~= "" and value or fallback
end

-- Kept for this run of REAPER, or with `persist` for ever.
function place.set(key, value, persist)
  reaper.SetExtState(place.SECTION, key, value, persist == true)
end

function place.port()
  return math.tointeger(tonumber(place.setting("port"))) or place.DEFAULT_PORT
end

-- The folder that holds one folder for each connection.
function place.mailbox()
  local root = place.setting("mailbox", data_folder() .. "/resonantgen/reaper")
  return root .. "/" .. place.port()
end

return place
