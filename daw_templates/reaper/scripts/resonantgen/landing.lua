-- A stem comes to its track: as a take of the item that is there, or as a new item at its bar.
--
--   bar      1           5           9
--   Drums    [ take 1  ] .           .        generated at bar 1
--            [ take 2  ] .           .        regenerated: the same item, the new take is heard
--            [ take 2  ] [ take 3, 2 bars ]   another length: an item of its own, after it
--
-- Nothing that the musician has put there is moved, cut or covered.

local bars = require("resonantgen.bars")
local items = require("resonantgen.items")
local project = require("resonantgen.project")
local say = require("resonantgen.say")

local landing = {}

local SAME_S = 0.001 -- loops of different bars differ by far more, roundings by far less
local TOUCH_S = bars.HAIR_S -- items that meet do not overlap

function landing.path(folder, file)
  return folder .. "/stems/" .. file
end

-- The source and its length; nil and why it cannot be had.
local function open_stem(path)
  if not reaper.file_exists(path) then
    return nil, path .. " cannot be read here"
  end
  local source = reaper.PCM_Source_CreateFromFile(path)
  if not source then
    return nil, path .. " is no audio that REAPER can read"
  end
  local length_s, is_quarters = reaper.GetMediaSourceLength(source)
  if is_quarters or length_s <= 0 then
    reaper.PCM_Source_Destroy(source)
    return nil, path .. " holds no audio"
  end
  return source, length_s
end

local found_at = {} -- by GUID: so that a large project is searched once, not at every look

-- Where the latest stems of a track went; nil once the musician has taken it away.
function landing.home(proj, name)
  local guid = project.get(proj, "home_" .. name)
  local item = guid and found_at[guid]
  if item and reaper.ValidatePtr2(proj, item, "MediaItem*") and items.guid(item) == guid then
    return item
  end
  for _, one in ipairs(guid and items.of(proj, name) or {}) do
    if items.guid(one) == guid then
      found_at[guid] = one
      return one
    end
  end
end

local function fits(item, length_s)
  local loop_s = items.loop_seconds(reaper.GetActiveTake(item))
  return loop_s ~= nil and math.abs(loop_s - length_s) < SAME_S
end

-- The end of whatever lies on a track between two times; nil where it is free.
local function blocked_until(track, from_s, to_s)
  local blocked
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    local start_s, end_s = items.span(reaper.GetTrackMediaItem(track, index))
    if start_s < to_s - TOUCH_S and end_s > from_s + TOUCH_S then
      blocked = math.max(blocked or end_s, end_s)
    end
  end
  return blocked
end

local function free_time(proj, track, measure, length_s)
  while true do
    local at_s = bars.time_of(proj, measure)
    local blocked_s = blocked_until(track, at_s, at_s + length_s)
    if not blocked_s then
      return at_s
    end
    measure = math.max(measure + 1, bars.from(proj, blocked_s))
  end
end

-- The item that takes a stem of this length: the track's latest, or a new one.
local function item_for(proj, track, name, length_s)
  local home = landing.home(proj, name)
  if home and fits(home, length_s) then
    return home
  end
  local measure = bars.marked(proj)
  if home then
    local _, end_s = items.span(home)
    measure = math.max(measure, bars.from(proj, end_s))
  end
  local item = items.new(track, name, free_time(proj, track, measure, length_s), length_s)
  project.set(proj, "home_" .. name, items.guid(item))
  return item
end

local function title_of(name, stem)
  return ("%s t%d · %g bpm %s"):format(name, stem.take, stem.tempo_bpm, stem.key)
end

-- From now on stems of these tracks land at the marked bar again, not where the last ones went.
function landing.leave_home(proj, names)
  for _, name in ipairs(names) do
    project.set(proj, "home_" .. name, nil)
  end
end

-- The path of the stem that came last to a track of this project.
function landing.last(proj, name)
  return project.get(proj, "stem_" .. name)
end

-- A take that is there already is heard again; else the stem is inserted. The item, or nil where the stem
-- cannot be read: then nothing has changed.
function landing.land(proj, track, name, stem, folder)
  local path = landing.path(folder, stem.file)
  local what = ("%s take %d"):format(name, stem.take)
  local item, take = items.holding(proj, name, path)
  if item then
    if reaper.GetActiveTake(item) ~= take then
      project.edit(proj, what, function() reaper.SetActiveTake(take) end)
    end
    project.set(proj, "stem_" .. name, path)
    project.set(proj, "home_" .. name, items.guid(item))
    return item
  end
  local source, length_s = open_stem(path)
  if not source then
    say(length_s)
    return nil
  end
  return project.edit(proj, what, function()
    item = item_for(proj, track, name, length_s)
    items.add_take(item, source, path, stem.take, title_of(name, stem))
    project.set(proj, "stem_" .. name, path)
    return item
  end)
end

return landing
