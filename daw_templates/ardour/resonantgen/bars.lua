-- Ardour's tempo map in the engine's words: beats are quarter notes.

local bars = {}

local START = 0

local function at(sample)
  return Temporal.timepos_t(sample)
end

-- The sample on which the bar begins that `sample` lies in.
function bars.start(sample)
  local map = Temporal.TempoMap.read()
  local place = map:bbt_at(at(sample))
  return map:sample_at_beats(map:quarters_at_bbt(Temporal.BBT_TIME(place.bars, 1, 0)))
end

-- Quarter notes from the start to a sample.
function bars.beat(sample)
  return at(sample):ticks() / Temporal.ticks_per_beat
end

-- Quarters a minute, and the meter as (beats, unit), at a sample.
function bars.tempo(sample)
  return Temporal.TempoMap.read():quarters_per_minute_at(at(sample))
end

function bars.meter(sample)
  local meter = Temporal.TempoMap.read():meter_at(at(sample))
  return meter:divisions_per_bar(), meter:note_value()
end

-- One tempo and one meter from the session's start on, as one step to undo.
function bars.set(tempo_bpm, beats, unit)
  Session:begin_reversible_command("Tempo of ResonantGen")
  local map = Temporal.TempoMap.fetch_writable()
  map:set_tempo(Temporal.Tempo(tempo_bpm, tempo_bpm, 4), at(START))
  map:set_meter(Temporal.Meter(beats, unit), at(START))
  Temporal.TempoMap.update(map)
  map = nil -- the map is let go before the command ends, as Ardour asks
  if not Session:abort_empty_reversible_command() then
    Session:commit_reversible_command(nil)
  end
end

return bars
