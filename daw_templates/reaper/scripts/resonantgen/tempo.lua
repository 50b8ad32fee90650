-- REAPER's tempo and signature to the engine, and the engine's to REAPER.
--
-- A tempo that is being dragged must not fight its own echo. So while a change of REAPER's own is still to be
-- sent, or the engine has not yet passed the barrier that was sent behind it, what the engine says waits:
--
--   REAPER     121 ----> 122 ----> 123
--   engine          121 told back: old, it waits          123 told back: the same, nothing to do

local project = require("resonantgen.project")
local say = require("resonantgen.say")

local Tempo = {}
Tempo.__index = Tempo

local SAME_BPM = 0.005 -- OSC carries 32-bit floats
local LOW_BPM, HIGH_BPM = 40, 240 -- what the engine plays
local LEAST_S = 0.1 -- between two messages while a tempo is dragged

-- `engine`: the frame that the engine has, as far as we know, nil before the first word with it.
function Tempo.new()
  return setmetatable({sent_at = -math.huge, barrier = 0}, Tempo)
end

-- A new connection knows nothing yet.
function Tempo:forget()
  self.engine, self.barrier, self.waiting = nil, 0, nil
end

local function same(one, other)
  return one.beats == other.beats and one.unit == other.unit and math.abs(one.bpm - other.bpm) < SAME_BPM
end

local function has_map(proj)
  local count = reaper.CountTempoTimeSigMarkers(proj)
  local _, first_s = reaper.GetTempoTimeSigMarker(proj, 0)
  return count > 1 or (count == 1 and first_s > 0)
end

local function here(proj)
  local beats, unit, bpm = reaper.TimeMap_GetTimeSigAtTime(proj, project.position(proj))
  return {beats = beats, unit = unit, bpm = bpm}
end

local function send(self, link, frame)
  if frame.bpm < LOW_BPM or frame.bpm > HIGH_BPM then
    say(("the engine plays from %d to %d bpm, not %g"):format(LOW_BPM, HIGH_BPM, frame.bpm))
  else
    link:send("/rg/tempo", frame.bpm + 0.0)
  end
  if not self.engine or frame.beats ~= self.engine.beats or frame.unit ~= self.engine.unit then
    link:send("/rg/signature", frame.beats, frame.unit)
  end
  self.engine, self.barrier = frame, link:barrier()
end

-- REAPER's tempo now, whatever was said before.
function Tempo:tell(proj, link)
  self:forget()
  send(self, link, here(proj))
end

-- What the musician has changed in REAPER. With a tempo map, the tempo under a resting cursor is nobody's wish.
local function change_of(self, proj)
  if not self.engine or (has_map(proj) and not project.is_rolling(proj)) then
    return nil
  end
  local frame = here(proj)
  return not same(frame, self.engine) and frame or nil
end

local function set_marker(proj, frame)
  local index = reaper.CountTempoTimeSigMarkers(proj) - 1 -- -1: a new one
  reaper.SetTempoTimeSigMarker(proj, index, 0, -1, -1, frame.bpm, frame.beats, frame.unit, false)
  reaper.UpdateTimeline()
end

-- The project's tempo, not that of a tempo map.
local function set(proj, frame)
  local before = here(proj)
  project.edit(proj, ("%g bpm"):format(frame.bpm), function()
    local only_bpm = frame.beats == before.beats and frame.unit == before.unit
    if only_bpm and reaper.CountTempoTimeSigMarkers(proj) == 0 then
      reaper.SetCurrentBPM(proj, frame.bpm, false)
    else
      set_marker(proj, frame)
    end
  end)
end

-- The engine's tempo and signature become REAPER's.
function Tempo:take(proj, link, band)
  if not (band.tempo_bpm and band.beats) then
    return
  end
  self.waiting = band
  if change_of(self, proj) or link.passed < self.barrier then
    return
  end
  self.waiting = nil
  self.engine = {bpm = band.tempo_bpm, beats = band.beats, unit = band.unit}
  if same(self.engine, here(proj)) then
    return
  elseif has_map(proj) then
    say(("the set is at %g bpm; this project has a tempo map, which stays as it is"):format(band.tempo_bpm))
  else
    set(proj, self.engine)
  end
end

-- At every turn.
function Tempo:step(proj, link, now)
  local frame = change_of(self, proj)
  if frame and now - self.sent_at >= LEAST_S then
    self.sent_at = now
    send(self, link, frame)
  elseif self.waiting then
    self:take(proj, link, self.waiting)
  end
end

return Tempo
