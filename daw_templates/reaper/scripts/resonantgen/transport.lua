-- REAPER's transport to the engine, as the clock that it may follow; the engine's start and stop to REAPER.

local place = require("resonantgen.place")
local project = require("resonantgen.project")

local Transport = {}
Transport.__index = Transport

local ROLLING_S = 0.1 -- between two positions while REAPER rolls
local RESTING_S = 0.25 -- and at most so often while the edit cursor is moved
local HAND_S = 0.5 -- so long REAPER's own start or stop counts for more than the engine's
local SAME_BEATS = 1e-4

function Transport.new()
  return setmetatable({told_at = -math.huge, own_at = -math.huge, barrier = 0}, Transport)
end

local function here(proj)
  local at_s = project.position(proj)
  local _, _, bpm = reaper.TimeMap_GetTimeSigAtTime(proj, at_s)
  return {
    is_rolling = project.is_rolling(proj),
    beat = reaper.TimeMap2_timeToQN(proj, at_s),
    bpm = bpm,
  }
end

-- Why a position is worth telling now.
local function is_due(self, state, now)
  local last, since_s = self.told, now - self.told_at
  if not last or state.is_rolling ~= last.is_rolling or state.bpm ~= last.bpm then
    return true
  elseif state.is_rolling then
    return since_s >= ROLLING_S
  end
  return math.abs(state.beat - last.beat) > SAME_BEATS and since_s >= RESTING_S
end

-- At every turn. A project that plays at another rate than 1 is in nobody's time.
function Transport:step(proj, link, now)
  if self.waiting ~= nil then
    self:take(proj, link, self.waiting, now)
  end
  if reaper.Master_GetPlayRate(proj) ~= 1 then
    return
  end
  local state = here(proj)
  if not is_due(self, state, now) then
    return
  end
  link:send("/rg/clock/position", state.beat + 0.0, state.bpm + 0.0, state.is_rolling and 1 or 0)
  if self.told and state.is_rolling ~= self.told.is_rolling then
    self.own_at, self.barrier = now, link:barrier()
  end
  self.told, self.told_at = state, now
end

-- A new connection knows nothing yet.
function Transport:forget()
  self.told, self.waiting, self.barrier = nil, nil, 0
end

-- The engine was started or stopped, by a pad or another client: REAPER goes along, where it is wanted. What
-- is heard right after REAPER's own start or stop may be a late answer to the one before: it waits.
function Transport:take(proj, link, on, now)
  self.waiting = nil
  if place.setting("transport", "both") ~= "both" then
    return
  elseif now - self.own_at < HAND_S or link.passed < self.barrier then
    self.waiting = on
    return
  end
  if on and not project.is_rolling(proj) then
    reaper.OnPlayButtonEx(proj)
  elseif not on and project.is_rolling(proj) then
    reaper.OnStopButtonEx(proj)
  end
end

return Transport
