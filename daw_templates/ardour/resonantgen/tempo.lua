-- The session takes over the tempo and the meter of what the band plays.

local rg = ...
local tempo = {}

function tempo.take_over()
  local values, why = rg.engine.ask()
  if not values then
    return rg.say.problem(why)
  end
  local tempo_bpm = values["/rg/context/tempo"] or values["/rg/tempo"]
  local meter = values["/rg/signature"]
  rg.bars.set(tempo_bpm[1], meter[1], meter[2])
end

return tempo
