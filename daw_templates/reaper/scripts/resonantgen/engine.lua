-- Starting the engine from REAPER.
--
-- REAPER runs programs without the user's PATH. The installer has written down where ours is; nothing else
-- becomes part of the command line, so no text of anybody's can.

local place = require("resonantgen.place")
local say = require("resonantgen.say")
local sender = require("resonantgen.sender")

local engine = {}

local PATH_FILE = "engine_command.txt" -- beside the scripts
local DETACHED = -2 -- REAPER does not wait, and shows no window

local function command_path(folder)
  local file = io.open(folder .. PATH_FILE, "r")
  local path = file and file:read("l") or ""
  if file then
    file:close()
  end
  return path
end

function engine.start(folder)
  sender.reach(folder, function() say("the engine is running") end, function()
    local path = command_path(folder)
    if path == "" or path:find('["\n]') or not reaper.file_exists(path) then
      return say("where the engine is installed is not known here; start it in a terminal: resonantgen serve")
    end
    reaper.ExecProcess(('"%s" serve --port %d'):format(path, place.port()), DETACHED)
    say("starting the engine; it is there within half a minute")
  end)
end

return engine
