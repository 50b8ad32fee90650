-- What the scripts in the action list do: one function each, for a track, or the tracks that are selected.

local bars = require("resonantgen.bars")
local dialog = require("resonantgen.dialog")
local engine = require("resonantgen.engine")
local landing = require("resonantgen.landing")
local place = require("resonantgen.place")
local project = require("resonantgen.project")
local say = require("resonantgen.say")
local script = require("resonantgen.script")
local sender = require("resonantgen.sender")
local toolbar = require("resonantgen.toolbar")
local tracks = require("resonantgen.tracks")

local actions = {}

actions.SELECTED = "selected"

-- The names that an action is for.
local function names_of(target)
  if target ~= actions.SELECTED then
    return {target}
  end
  local names = {}
  for name, track in pairs(tracks.find(project.active())) do
    if name ~= tracks.FOLDER and reaper.GetMediaTrackInfo_Value(track, "I_SELECTED") == 1 then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  if #names == 0 then
    say("no track of the band is selected")
  end
  return names
end

local function of_track(name, what)
  return ("/rg/track/%s/%s"):format(name, what)
end

-- `address_end` for every track that is meant, with what `args_of(name)` gives.
local function for_tracks(target, address_end, args_of)
  local context, names = script.context(), names_of(target)
  sender.reach(context.folder, function(send)
    for _, name in ipairs(names) do
      send(of_track(name, address_end), table.unpack(args_of and args_of(name) or {}))
    end
  end)
end

-- A bound OSC message with a number sets the lock; a key, a button or a pad throws it over.
function actions.lock(target)
  local context = script.context()
  local number = script.osc(context)
  if not number and script.is_release(context) then
    return
  end
  for_tracks(target, "lock", function(name)
    local on = place.setting("locked_" .. name) ~= "1"
    if number then
      on = number >= 0.5
    end
    return {on and 1 or 0}
  end)
end

function actions.regenerate(target)
  for_tracks(target, "regenerate")
end

function actions.undo(target)
  for_tracks(target, "undo")
end

function actions.redo(target)
  for_tracks(target, "redo")
end

function actions.cancel()
  local context = script.context()
  sender.reach(context.folder, function(send) send("/rg/cancel") end)
end

function actions.launch()
  local context = script.context()
  sender.reach(context.folder, function(send) send("/rg/launch") end)
end

-- Round and round through the takes of a track.
function actions.next_take(target)
  for_tracks(target, "take", function(name)
    local take, takes = place.setting("take_" .. name, "0/0"):match("^(%d+)/(%d+)$")
    return {math.tointeger(take) % math.max(1, math.tointeger(takes)) + 1}
  end)
end

-- New stems of what is not locked come to the bar that the musician means now.
local function aim(proj)
  local before, names = project.get(proj, "bar"), {}
  if tostring(bars.mark(proj)) == before then
    return
  end
  for name in pairs(tracks.find(proj)) do
    if place.setting("locked_" .. name) ~= "1" then
      names[#names + 1] = name
    end
  end
  landing.leave_home(proj, names)
end

local function generate(context, prompt)
  local proj = project.active()
  project.set(proj, "prompt", prompt)
  sender.reach(context.folder, function(send)
    aim(proj)
    send("/rg/generate", prompt)
  end)
end

-- Every unlocked track anew, from the words that were said last.
function actions.generate()
  generate(script.context(), project.get(project.active(), "prompt") or "")
end

-- A prompt for the band; from a bound OSC message without asking.
function actions.prompt()
  local context = script.context()
  local _, told = script.osc(context)
  local before = project.get(project.active(), "prompt")
  local prompt = told or dialog.ask("ResonantGen", "What shall the band play?", before)
  if prompt then
    generate(context, prompt)
  end
end

-- A prompt for one track: a whole one, or a relative one ("more aggressive").
function actions.prompt_track(target)
  local context = script.context()
  local _, told = script.osc(context)
  local names = names_of(target)
  local prompt = #names > 0 and (told or dialog.ask("ResonantGen", table.concat(names, " + ") .. ":", "")) or nil
  if prompt then
    sender.reach(context.folder, function(send)
      for _, name in ipairs(names) do
        send(of_track(name, "regenerate"), prompt)
      end
    end)
  end
end

-- REAPER starts and stops with the engine, or, thrown over, only by the musician's own hand.
function actions.transport_follows()
  local context = script.context()
  local follows = place.setting("transport", "both") ~= "both"
  place.set("transport", follows and "both" or "own", true)
  toolbar.show(context.name, follows)
end

-- Where stems land: at the bar of the edit cursor, of the loop's start, or at the project's start.
function actions.place_at(choice)
  script.context()
  bars.choose(choice)
  for _, one in ipairs(bars.CHOICES) do
    toolbar.show("Place at " .. one, one == choice)
  end
end

function actions.start_engine()
  engine.start(script.context().folder)
end

-- Whatever else a button does, it does when it is pressed.
for name, work in pairs(actions) do
  if type(work) == "function" and name ~= "lock" then
    actions[name] = function(...)
      if not script.is_release(script.context()) then
        work(...)
      end
    end
  end
end

return actions
