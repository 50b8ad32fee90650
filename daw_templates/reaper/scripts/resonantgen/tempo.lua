-- REAPER's tempo and signature to the engine, and the engine's to REAPER.
--
-- A value that came from one side is never sent back to it: the engine's echo of a tempo that is being
-- dragged would fight the musician's hand. So for a moment after REAPER's own change the engine is not heard.

local project = require("resonantgen.project")
local say = require("resonantgen.say")

local Tempo = {}
Tempo.__index = Tempo

local SAME_BPM = 0.005 -- OSC carries 32-bit floats
local HAND_S = 0.5 -- so long REAPER's own change counts for more
local LOW_BPM, HIGH_BPM = 40, 240 -- what the engine plays
local LEAST_S = 0.1 -- between two messages while a tempo is dragged

-- `engine`: the frame that the engine has, as far as we know; `seen`: REAPER's at the last turn.
function Tempo.new()
  return setmetatable({own_at = -math.huge, sent_at = -math.huge}, Tempo)
end

local function same(one, other)
  return one ~= nil and other ~= nil and one.beats == other.beats and one.unit == other.unit
    and math.abs(one.bpm - other.bpm) < SAME_BPM
end

-- With a tempo map, the tempo under the edit cursor is nobody's wish.
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
  self.engine = frame
end

-- At every turn: what the musician has changed in REAPER goes to the engine.
function Tempo:step(proj, link, now)
  if self.waiting and now - self.own_at >= HAND_S then
    self:take(proj, self.waiting, now)
  end
  if has_map(proj) and not project.is_rolling(proj) then
    return
  end
  local frame = here(proj)
  if self.seen and not same(frame, self.seen) then
    self.own_at = now
  end
  self.seen = frame
  if self.engine and not same(frame, self.engine) and now - self.sent_at >= LEAST_S then
    self.sent_at = now
    send(self, link, frame)
  end
end

-- REAPER's tempo now, whatever was sent before.
function Tempo:tell(proj, link)
  self.engine = nil
  self.seen = here(proj)
  send(self, link, self.seen)
end

local function set_marker(proj, frame)
  local index = reaper.CountTempoTimeSigMarkers(proj) - 1 -- -1: a new one
  reaper.SetTempoTimeSigMarker(proj, index, 0, -1, -1, frame.bpm, frame.beats, frame.unit, false)
  reaper.UpdateTimeline()
end

-- The engine's tempo and signature become REAPER's: the project's, not those of a tempo map.
function Tempo:take(proj, band, now)
  self.waiting = now - self.own_at < HAND_S and band or nil
  if self.waiting or not (band.tempo_bpm and band.beats) then
    return
  end
  local wanted, frame = {bpm = band.tempo_bpm, beats = band.beats, unit = band.unit}, here(proj)
  self.engine = wanted
  if same(wanted, frame) then
    return
  end
  if has_map(proj) then
    return say(("the set is at %g bpm; this project has a tempo map, which stays as it is"):format(wanted.bpm))
  end
  project.edit(proj, ("%g bpm"):format(wanted.bpm), function()
    if wanted.beats == frame.beats and wanted.unit == frame.unit and reaper.CountTempoTimeSigMarkers(proj) == 0 then
      reaper.SetCurrentBPM(proj, wanted.bpm, false)
    else
      set_marker(proj, wanted)
    end
  end)
  self.seen = here(proj)
end

return Tempo
