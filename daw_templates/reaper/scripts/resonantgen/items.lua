-- The items and takes that are ours: ids in the project file tell them from the musician's own.

local items = {}

local TRACK = "P_EXT:resonantgen" -- on an item: whose stems it holds
local STEM = "P_EXT:resonantgen_stem" -- on a take: the file it was made from
local NUMBER = "P_EXT:resonantgen_take" -- on a take: its number in the engine's history

local function item_text(item, key, value)
  local _, text = reaper.GetSetMediaItemInfo_String(item, key, value or "", value ~= nil)
  return text
end

local function take_text(take, key, value)
  local _, text = reaper.GetSetMediaItemTakeInfo_String(take, key, value or "", value ~= nil)
  return text
end

items.text = item_text

function items.guid(item)
  return item_text(item, "GUID")
end

function items.mark(item, name)
  item_text(item, TRACK, name)
end

-- Our items of one track of the band, wherever the musician has put them.
function items.of(proj, name)
  local found = {}
  for index = 0, reaper.CountMediaItems(proj) - 1 do
    local item = reaper.GetMediaItem(proj, index)
    if item_text(item, TRACK) == name then
      found[#found + 1] = item
    end
  end
  return found
end

-- The item and the take that hold a stem already.
function items.holding(proj, name, path)
  for _, item in ipairs(items.of(proj, name)) do
    for index = 0, reaper.CountTakes(item) - 1 do
      local take = reaper.GetTake(item, index)
      if take and take_text(take, STEM) == path then
        return item, take
      end
    end
  end
end

-- The file of the take that is heard, and the take's number; nil where it is none of ours.
function items.heard(item)
  local take = reaper.GetActiveTake(item)
  local path = take and take_text(take, STEM) or ""
  if path ~= "" then
    return path, math.tointeger(tonumber(take_text(take, NUMBER)))
  end
end

-- How long a take lasts before it repeats, in seconds; nil for what is no audio.
function items.loop_seconds(take)
  local source = take and reaper.GetMediaItemTake_Source(take)
  if not source then
    return nil
  end
  local length, is_quarters = reaper.GetMediaSourceLength(source)
  return not is_quarters and length / reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE") or nil
end

function items.span(item)
  local start = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
  return start, start + reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
end

-- A loop that begins and ends on its samples: no fade of REAPER's own making.
function items.new(track, name, at_s, length_s)
  local item = assert(reaper.AddMediaItemToTrack(track), "REAPER made no item")
  for key, value in pairs({
    D_POSITION = at_s, D_LENGTH = length_s, B_LOOPSRC = 1, D_FADEINLEN = 0, D_FADEOUTLEN = 0,
    D_FADEINLEN_AUTO = 0, D_FADEOUTLEN_AUTO = 0,
  }) do
    reaper.SetMediaItemInfo_Value(item, key, value)
  end
  items.mark(item, name)
  return item
end

-- The stem as one more take, heard from now on; trimmed as the take before it was.
function items.add_take(item, source, path, number, title)
  local before = reaper.GetActiveTake(item)
  local take = assert(reaper.AddTakeToMediaItem(item), "REAPER made no take")
  assert(reaper.SetMediaItemTake_Source(take, source), "REAPER refused the stem")
  take_text(take, "P_NAME", title)
  take_text(take, STEM, path)
  take_text(take, NUMBER, tostring(number))
  if before then
    local offset = reaper.GetMediaItemTakeInfo_Value(before, "D_STARTOFFS")
    local rate = reaper.GetMediaItemTakeInfo_Value(before, "D_PLAYRATE")
    reaper.SetMediaItemTakeInfo_Value(take, "D_STARTOFFS", offset / rate)
  end
  reaper.SetActiveTake(take)
  return take
end

return items
