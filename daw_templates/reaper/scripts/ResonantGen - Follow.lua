-- Brings what the engine makes into the project, and REAPER's time to the engine. Runs until it is run again.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
local Follow = require("resonantgen.follow")
local say = require("resonantgen.say")
local script = require("resonantgen.script")
local toolbar = require("resonantgen.toolbar")

local END_IF_RUN_AGAIN = 1 -- of REAPER 7.03 and newer; older ones ask

local follow = Follow.new()
local told = {} -- mistakes that were reported: once each

local function turn()
  local ok, trouble = xpcall(follow.step, debug.traceback, follow, reaper.time_precise())
  if not ok and not told[trouble] then
    told[trouble] = true
    say("something is wrong in the script, please report it:\n" .. trouble)
  end
  reaper.defer(turn)
end

local context = script.context()
if reaper.set_action_options then
  reaper.set_action_options(END_IF_RUN_AGAIN)
end
toolbar.show(context.name or "Follow", true)
reaper.atexit(function()
  follow:stop()
  toolbar.show(context.name or "Follow", false)
end)
turn()
