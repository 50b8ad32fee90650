-- The part of REAPER's API about time: tempo, signatures, beats and measures.

local timemap = require("timemap")

return function(reaper, host)
  function reaper.TimeMap_GetTimeSigAtTime(proj, time_s)
    local one = timemap.at(host.project_of(proj, "TimeMap_GetTimeSigAtTime"), time_s)
    return one.beats, one.unit, one.bpm
  end

  function reaper.TimeMap2_timeToQN(proj, time_s)
    return timemap.to_qn(host.project_of(proj, "TimeMap2_timeToQN"), time_s)
  end

  function reaper.TimeMap2_timeToBeats(proj, time_s)
    local project = host.project_of(proj, "TimeMap2_timeToBeats")
    local beats, measure, one = timemap.to_beats(project, time_s)
    return beats, measure, one.beats, timemap.to_qn(project, time_s), one.unit
  end

  function reaper.TimeMap2_beatsToTime(proj, beats, measure)
    return timemap.measure_time(host.project_of(proj, "TimeMap2_beatsToTime"), measure or 0, beats)
  end

  -- Timebase "beats (position, length, rate)", as it is by default: items keep their beats.
  local function at_new_tempo(project, change)
    local kept = {}
    for _, item in ipairs(host.all_items(project)) do
      local from_s = item.values.D_POSITION
      kept[item] = {timemap.to_qn(project, from_s), timemap.to_qn(project, from_s + item.values.D_LENGTH)}
    end
    local before = timemap.at(project, 0).bpm
    change()
    local ratio = timemap.at(project, 0).bpm / before
    for item, span in pairs(kept) do
      item.values.D_POSITION = host.qn_to_time(project, span[1])
      item.values.D_LENGTH = host.qn_to_time(project, span[2]) - item.values.D_POSITION
      for _, take in ipairs(item.takes) do
        take.values.D_PLAYRATE = take.values.D_PLAYRATE * ratio
      end
    end
  end

  function host.qn_to_time(project, qn)
    return qn * 60 / timemap.at(project, 0).bpm -- the model stretches items of one tempo only
  end

  host.at_new_tempo = at_new_tempo

  function reaper.SetCurrentBPM(proj, bpm, want_undo)
    local project = host.project_of(proj, "SetCurrentBPM")
    if not want_undo then
      host.edits("SetCurrentBPM", project)
    end
    at_new_tempo(project, function() project.bpm = bpm end)
  end

  function reaper.CountTempoTimeSigMarkers(proj)
    return #host.project_of(proj, "CountTempoTimeSigMarkers").markers
  end

  function reaper.GetTempoTimeSigMarker(proj, index)
    local marker = host.project_of(proj, "GetTempoTimeSigMarker").markers[index + 1]
    if not marker then
      return false, 0, 0, 0, 0, 0, 0, false
    end
    return true, marker.at_s, 0, 0, marker.bpm, marker.beats, marker.unit, false
  end

  function reaper.SetTempoTimeSigMarker(proj, index, at_s, _, _, bpm, beats, unit)
    local project = host.project_of(proj, "SetTempoTimeSigMarker")
    host.edits("SetTempoTimeSigMarker", project)
    at_new_tempo(project, function()
      local marker = {at_s = at_s, bpm = bpm, beats = beats, unit = unit}
      project.markers[index >= 0 and index + 1 or #project.markers + 1] = marker
    end)
    return true
  end
end
