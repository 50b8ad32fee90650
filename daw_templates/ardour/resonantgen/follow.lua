-- The band follows the session: tempo and meter when they change at the playhead, and where the two do not share
-- JACK's transport, the place too, at once when it starts, stops or jumps, and a few times a second as it rolls.

local rg = ...
local Follow = {}
Follow.__index = Follow

local EVERY_S = 0.2 -- while it rolls
local JUMP_S = 0.1 -- further from where the playhead should be: it was moved
local MIN_TEMPO_BPM, MAX_TEMPO_BPM = 40, 240

function Follow.new()
  return setmetatable({told = {}}, Follow)
end

-- Send what differs from what was said of it last.
function Follow:tell(path, types, ...)
  local said = table.concat({...}, " ")
  if self.told[path] ~= said then
    self.told[path] = said
    rg.engine.send(path, types, ...)
  end
end

local function now_s()
  return ARDOUR.LuaAPI.monotonic_time() / 1e6
end

-- Whether it is time to tell the place again.
local function is_due(place, last)
  if not last or place.rolling ~= last.rolling or place.tempo_bpm ~= last.tempo_bpm then
    return true
  end
  local passed = place.rolling and place.time_s - last.time_s or 0.0
  local moved = (place.beat - last.beat) * 60.0 / place.tempo_bpm - passed
  return math.abs(moved) > JUMP_S or passed >= EVERY_S
end

function Follow:tell_place(sample, tempo_bpm)
  local place = {
    beat = rg.bars.beat(sample), tempo_bpm = tempo_bpm, rolling = Session:transport_rolling(), time_s = now_s(),
  }
  if is_due(place, self.place) then
    self.place = place
    rg.engine.send("/rg/clock/position", "ffi", place.beat, tempo_bpm, place.rolling and 1 or 0)
  end
end

-- With each start everything is said again: an engine that was started since has not heard it.
function Follow:note_start()
  local rolls = Session:transport_rolling()
  if rolls and not self.rolls then
    self.told = {}
  end
  self.rolls = rolls
end

function Follow:step()
  self:note_start()
  local sample = Session:transport_sample()
  local tempo_bpm = rg.bars.tempo(sample)
  if tempo_bpm >= MIN_TEMPO_BPM and tempo_bpm <= MAX_TEMPO_BPM then
    self:tell("/rg/tempo", "f", tempo_bpm)
  end
  local beats, unit = rg.bars.meter(sample)
  self:tell("/rg/signature", "ii", math.floor(beats), math.floor(unit))
  if not Session:cfg():get_external_sync() then
    self:tell_place(sample, tempo_bpm)
  end
end

return Follow
