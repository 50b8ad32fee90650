-- The bar at which stems land: the musician's choice, kept in the project.

local place = require("resonantgen.place")
local project = require("resonantgen.project")

local bars = {}

bars.CHOICES = {"cursor", "loop", "start"}
bars.HAIR_S = 0.0001 -- so near a bar line is on it: stems are whole samples long, half of one is 0.011 ms

-- Bars count from 0, as REAPER's measures do.
function bars.at(proj, time_s)
  local _, measure = reaper.TimeMap2_timeToBeats(proj, time_s + bars.HAIR_S)
  return measure
end

function bars.time_of(proj, measure)
  return (reaper.TimeMap2_beatsToTime(proj, 0, measure))
end

-- The first bar that begins at or after a time.
function bars.from(proj, time_s)
  local measure = bars.at(proj, time_s)
  if bars.time_of(proj, measure) < time_s - bars.HAIR_S then
    measure = measure + 1
  end
  return measure
end

local ways = {
  start = function() return 0 end,
  cursor = function(proj) return bars.at(proj, reaper.GetCursorPositionEx(proj)) end,
  loop = function(proj)
    local from_s, to_s = reaper.GetSet_LoopTimeRange2(proj, false, true, 0, 0, false)
    if to_s <= from_s then
      from_s = reaper.GetCursorPositionEx(proj)
    end
    return bars.at(proj, from_s)
  end,
}

function bars.choice()
  return place.setting("where", "cursor")
end

function bars.choose(choice)
  place.set("where", choice, true)
end

-- What the musician means now; kept for the stems to come.
function bars.mark(proj)
  local measure = ways[bars.choice()](proj)
  project.set(proj, "bar", tostring(measure))
  return measure
end

function bars.marked(proj)
  return math.tointeger(tonumber(project.get(proj, "bar"))) or bars.mark(proj)
end

return bars
