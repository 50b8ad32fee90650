-- How a script that ends at once reaches the engine: through the connection that Follow keeps.
--
-- Where Follow does not run, it is started and waited for.

local Link = require("resonantgen.link")
local osc = require("resonantgen.osc")
local place = require("resonantgen.place")
local say = require("resonantgen.say")
local toolbar = require("resonantgen.toolbar")

local sender = {}

local FOLLOW = "Follow"
local ALIVE_S = 2.0 -- Follow shows that it runs at every turn; REAPER may be held up by a dialog
local WAIT_S = 5.0 -- so long for Follow to start and the engine to answer

local function follow_runs(now)
  local at = tonumber(place.setting("alive"))
  return at ~= nil and now - at < ALIVE_S
end

function sender.is_ready()
  return follow_runs(reaper.time_precise()) and place.setting("connected") == "1"
end

-- Registering a script that REAPER knows gives the number that it has.
local function start_follow(folder)
  local command_id = toolbar.command(FOLLOW)
  if command_id == 0 then
    command_id = reaper.AddRemoveReaScript(true, 0, folder .. "ResonantGen - Follow.lua", true)
  end
  if command_id ~= 0 then
    toolbar.note(FOLLOW, command_id)
    reaper.Main_OnCommandEx(command_id, 0, 0)
  end
end

local function send(address, ...)
  local written, why = Link.write(place.setting("folder", ""), osc.encode(address, ...))
  if not written then
    say("cannot reach the engine: " .. tostring(why))
  end
end

local function wait_for(work, otherwise, until_s)
  if sender.is_ready() then
    work(send)
  elseif reaper.time_precise() < until_s then
    reaper.defer(function() wait_for(work, otherwise, until_s) end)
  else
    otherwise()
  end
end

local function no_engine()
  say(("no engine on port %d; start one: resonantgen serve, or the action ResonantGen - Start Engine")
    :format(place.port()))
end

-- `work(send)` as soon as the engine can be reached; else nothing is sent, and the musician is told, or
-- `otherwise` is called.
function sender.reach(folder, work, otherwise)
  if sender.is_ready() then
    return work(send)
  end
  local now = reaper.time_precise()
  if not follow_runs(now) then
    start_follow(folder)
  end
  wait_for(work, otherwise or no_engine, now + WAIT_S)
end

return sender
