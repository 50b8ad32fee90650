-- The band's tracks in a project: found by an id of ours, whatever the musician calls them.

local project = require("resonantgen.project")

local tracks = {}

local ID = "P_EXT:resonantgen"
tracks.FOLDER = "band" -- the id of the folder track
tracks.BAND = {"drums", "bass", "harmony", "melody"}

-- Title and colour (red, green, blue) of what we make; the template has the same.
local LOOKS = {
  band = {"ResonantGen", 96, 96, 104},
  drums = {"Drums", 214, 92, 66},
  bass = {"Bass", 72, 126, 201},
  harmony = {"Harmony", 86, 160, 98},
  melody = {"Melody", 201, 164, 62},
}

local function id_of(track)
  local _, id = reaper.GetSetMediaTrackInfo_String(track, ID, "", false)
  return id
end

-- By name: those that are there.
function tracks.find(proj)
  local found = {}
  for index = 0, reaper.CountTracks(proj) - 1 do
    local track = reaper.GetTrack(proj, index)
    local id = id_of(track)
    if id ~= "" and not found[id] then
      found[id] = track
    end
  end
  return found
end

local function look_of(name)
  return LOOKS[name] or {(name:gsub("^%l", string.upper)), 140, 140, 150}
end

local function insert(index, name, depth)
  reaper.InsertTrackAtIndex(index, true)
  local track = reaper.GetTrack(0, index)
  local title, red, green, blue = table.unpack(look_of(name))
  reaper.GetSetMediaTrackInfo_String(track, "P_NAME", title, true)
  reaper.GetSetMediaTrackInfo_String(track, ID, name, true)
  local color = reaper.ColorToNative(red, green, blue) | 0x1000000
  reaper.SetMediaTrackInfo_Value(track, "I_CUSTOMCOLOR", color)
  reaper.SetMediaTrackInfo_Value(track, "I_FOLDERDEPTH", depth)
  return track
end

-- A folder of its own at the end of the project.
local function insert_band(proj, names)
  local index = reaper.CountTracks(proj)
  insert(index, tracks.FOLDER, 1)
  for offset, name in ipairs(names) do
    insert(index + offset, name, offset == #names and -1 or 0)
  end
end

-- Where one more track lies inside the folder: before the last one of ours, which closes it.
local function index_beside(found)
  local last = -1
  for _, track in pairs(found) do
    last = math.max(last, reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER") - 1)
  end
  return math.tointeger(last)
end

local function missing_of(found, names)
  local missing = {}
  for _, name in ipairs(names) do
    if not found[name] then
      missing[#missing + 1] = name
    end
  end
  return missing
end

-- All of them; those that are missing are made. REAPER makes tracks in the active project only.
function tracks.ensure(proj, names)
  local found = tracks.find(proj)
  local missing = missing_of(found, names)
  if #missing == 0 or proj ~= project.active() then
    return found
  end
  project.edit(proj, "tracks for the band", function()
    if next(found) == nil then
      return insert_band(proj, missing)
    end
    for _, name in ipairs(missing) do
      insert(index_beside(found), name, 0)
    end
  end)
  return tracks.find(proj)
end

return tracks
