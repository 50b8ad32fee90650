-- The time of a project: tempo and signature from the project's start, and from each marker on.

local timemap = {}

-- A list of {at_s, qn, measure, bpm, beats, unit}, one for each stretch of one tempo.
local function stretches(project)
  local first = {at_s = 0, qn = 0, measure = 0, bpm = project.bpm, beats = project.beats, unit = project.unit}
  local found = {first}
  for _, marker in ipairs(project.markers) do
    local last = found[#found]
    local qn = last.qn + (marker.at_s - last.at_s) * last.bpm / 60
    local bar_qn = last.beats * 4 / last.unit
    local stretch = {
      at_s = marker.at_s, qn = qn, measure = last.measure + math.ceil((qn - last.qn) / bar_qn - 1e-9),
      bpm = marker.bpm, beats = marker.beats, unit = marker.unit,
    }
    if marker.at_s == last.at_s then
      found[#found] = stretch
    else
      found[#found + 1] = stretch
    end
  end
  return found
end

local function last_where(list, holds)
  local found = list[1]
  for _, one in ipairs(list) do
    if holds(one) then
      found = one
    end
  end
  return found
end

function timemap.at(project, time_s)
  return last_where(stretches(project), function(one) return one.at_s <= time_s + 1e-12 end)
end

function timemap.to_qn(project, time_s)
  local one = timemap.at(project, time_s)
  return one.qn + (time_s - one.at_s) * one.bpm / 60
end

-- Beats within the measure, the measure, and both signature's numbers.
function timemap.to_beats(project, time_s)
  local one = timemap.at(project, time_s)
  local beats = (timemap.to_qn(project, time_s) - one.qn) * one.unit / 4
  local measure = math.floor(beats / one.beats)
  return beats - measure * one.beats, one.measure + measure, one
end

function timemap.measure_time(project, measure, beats)
  local one = last_where(stretches(project), function(stretch) return stretch.measure <= measure end)
  local qn = ((measure - one.measure) * one.beats + beats) * 4 / one.unit
  return one.at_s + qn * 60 / one.bpm
end

return timemap
