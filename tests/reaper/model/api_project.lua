-- The part of REAPER's API that reads and edits a project: tracks, items, takes and their sources.

local objects = require("objects")
local sources = require("sources")

local check, new = objects.check, objects.new

return function(reaper, host)
  local function project_of(proj, name)
    if proj == nil or proj == 0 then
      return host.project
    end
    return check(proj, "ReaProject*", 1, name)
  end

  -- Every edit must be one that the musician can undo.
  local function edits(name, project)
    if host.undo_depth == 0 then
      host.unprotected[#host.unprotected + 1] = name
    end
    project = project or host.project
    project.edits = project.edits + 1
  end

  local function value_of(object, key, name)
    local value = rawget(object.values, key)
    if value == nil then
      error(("%s has no %s in this model"):format(name, key), 3)
    end
    return value
  end

  -- Strings: P_EXT is anything; GUID can be read.
  local function text(object, key, value, is_set)
    if is_set then
      object.texts[key] = value
      return true, value
    end
    return object.texts[key] ~= nil and object.texts[key] ~= "", object.texts[key] or ""
  end

  -- Tracks

  function reaper.CountTracks(proj)
    return #project_of(proj, "CountTracks").tracks
  end

  function reaper.GetTrack(proj, index)
    return project_of(proj, "GetTrack").tracks[index + 1]
  end

  function reaper.InsertTrackAtIndex(index)
    edits("InsertTrackAtIndex")
    local track = new("MediaTrack*", {
      items = {}, project = host.project, texts = {GUID = objects.guid(), P_NAME = ""},
      values = {I_FOLDERDEPTH = 0, I_CUSTOMCOLOR = 0, I_SELECTED = 0},
    })
    table.insert(host.project.tracks, math.min(index, #host.project.tracks) + 1, track)
  end

  function reaper.GetSetMediaTrackInfo_String(track, key, value, is_set)
    check(track, "MediaTrack*", 1, "GetSetMediaTrackInfo_String")
    if is_set then
      edits("GetSetMediaTrackInfo_String", track.project)
    end
    return text(track, key, value, is_set)
  end

  function reaper.GetMediaTrackInfo_Value(track, key)
    check(track, "MediaTrack*", 1, "GetMediaTrackInfo_Value")
    if key == "IP_TRACKNUMBER" then
      for index, one in ipairs(track.project.tracks) do
        if one == track then
          return index + 0.0
        end
      end
      return 0.0
    end
    return value_of(track, key, "a track") + 0.0
  end

  function reaper.SetMediaTrackInfo_Value(track, key, value)
    check(track, "MediaTrack*", 1, "SetMediaTrackInfo_Value")
    edits("SetMediaTrackInfo_Value", track.project)
    value_of(track, key, "a track")
    track.values[key] = value
    return true
  end

  -- Items

  local function all_items(project)
    local found = {}
    for _, track in ipairs(project.tracks) do
      table.move(track.items, 1, #track.items, #found + 1, found)
    end
    return found
  end

  host.all_items, host.project_of, host.edits = all_items, project_of, edits

  function reaper.CountMediaItems(proj)
    return #all_items(project_of(proj, "CountMediaItems"))
  end

  function reaper.GetMediaItem(proj, index)
    return all_items(project_of(proj, "GetMediaItem"))[index + 1]
  end

  function reaper.CountTrackMediaItems(track)
    return #check(track, "MediaTrack*", 1, "CountTrackMediaItems").items
  end

  function reaper.GetTrackMediaItem(track, index)
    return check(track, "MediaTrack*", 1, "GetTrackMediaItem").items[index + 1]
  end

  function reaper.AddMediaItemToTrack(track)
    check(track, "MediaTrack*", 1, "AddMediaItemToTrack")
    edits("AddMediaItemToTrack", track.project)
    local item = new("MediaItem*", {
      takes = {}, active = 0, track = track, texts = {GUID = objects.guid()},
      values = {
        D_POSITION = 0, D_LENGTH = 0, B_LOOPSRC = 0, C_LOCK = 0, I_CUSTOMCOLOR = 0, D_FADEINLEN = 0.01,
        D_FADEOUTLEN = 0.01, D_FADEINLEN_AUTO = 0.01, D_FADEOUTLEN_AUTO = 0.01,
      },
    })
    track.items[#track.items + 1] = item
    return item
  end

  function reaper.GetMediaItemInfo_Value(item, key)
    return value_of(check(item, "MediaItem*", 1, "GetMediaItemInfo_Value"), key, "an item") + 0.0
  end

  function reaper.SetMediaItemInfo_Value(item, key, value)
    check(item, "MediaItem*", 1, "SetMediaItemInfo_Value")
    edits("SetMediaItemInfo_Value", item.track.project)
    value_of(item, key, "an item")
    item.values[key] = value
    return true
  end

  function reaper.GetSetMediaItemInfo_String(item, key, value, is_set)
    check(item, "MediaItem*", 1, "GetSetMediaItemInfo_String")
    if is_set then
      edits("GetSetMediaItemInfo_String", item.track.project)
    end
    return text(item, key, value, is_set)
  end

  -- Takes

  function reaper.CountTakes(item)
    return #check(item, "MediaItem*", 1, "CountTakes").takes
  end

  function reaper.GetTake(item, index)
    return check(item, "MediaItem*", 1, "GetTake").takes[index + 1]
  end

  function reaper.GetActiveTake(item)
    check(item, "MediaItem*", 1, "GetActiveTake")
    return item.takes[item.active]
  end

  function reaper.AddTakeToMediaItem(item)
    check(item, "MediaItem*", 1, "AddTakeToMediaItem")
    edits("AddTakeToMediaItem", item.track.project)
    local take = new("MediaItem_Take*", {
      item = item, texts = {GUID = objects.guid(), P_NAME = ""}, source = false,
      values = {D_PLAYRATE = 1, D_STARTOFFS = 0},
    })
    item.takes[#item.takes + 1] = take
    item.active = math.max(item.active, 1)
    return take
  end

  function reaper.SetActiveTake(take)
    check(take, "MediaItem_Take*", 1, "SetActiveTake")
    edits("SetActiveTake", take.item.track.project)
    for index, one in ipairs(take.item.takes) do
      if one == take then
        take.item.active = index
      end
    end
  end

  function reaper.GetSetMediaItemTakeInfo_String(take, key, value, is_set)
    check(take, "MediaItem_Take*", 1, "GetSetMediaItemTakeInfo_String")
    if is_set then
      edits("GetSetMediaItemTakeInfo_String", take.item.track.project)
    end
    return text(take, key, value, is_set)
  end

  function reaper.GetMediaItemTakeInfo_Value(take, key)
    return value_of(check(take, "MediaItem_Take*", 1, "GetMediaItemTakeInfo_Value"), key, "a take") + 0.0
  end

  function reaper.SetMediaItemTakeInfo_Value(take, key, value)
    check(take, "MediaItem_Take*", 1, "SetMediaItemTakeInfo_Value")
    edits("SetMediaItemTakeInfo_Value", take.item.track.project)
    value_of(take, key, "a take")
    take.values[key] = value
    return true
  end

  function reaper.GetMediaItemTake_Source(take)
    return check(take, "MediaItem_Take*", 1, "GetMediaItemTake_Source").source or nil
  end

  function reaper.SetMediaItemTake_Source(take, source)
    check(take, "MediaItem_Take*", 1, "SetMediaItemTake_Source")
    check(source, "PCM_source*", 2, "SetMediaItemTake_Source")
    edits("SetMediaItemTake_Source", take.item.track.project)
    take.source = source
    return true
  end

  -- Sources

  function reaper.PCM_Source_CreateFromFile(path)
    local source = sources.open(path)
    if source then
      host.sources_open = host.sources_open + 1
    end
    return source
  end

  function reaper.PCM_Source_Destroy(source)
    check(source, "PCM_source*", 1, "PCM_Source_Destroy")
    host.sources_open = host.sources_open - 1
    objects.delete(source)
  end

  function reaper.GetMediaSourceLength(source)
    return check(source, "PCM_source*", 1, "GetMediaSourceLength").length_s, false
  end

  -- Peaks are ready after a few looks.
  function reaper.PCM_Source_BuildPeaks(source, mode)
    check(source, "PCM_source*", 1, "PCM_Source_BuildPeaks")
    source.peaks = mode == 0 and 3 or math.max(0, rawget(source, "peaks") - 1)
    if mode == 2 then
      source.has_peaks = true
    end
    return source.peaks
  end
end
