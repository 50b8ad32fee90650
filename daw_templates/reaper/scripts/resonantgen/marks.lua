-- A locked track is seen in the arrangement: its item carries REAPER's own lock, and another colour.

local items = require("resonantgen.items")
local project = require("resonantgen.project")

local marks = {}

local LOCKED = "P_EXT:resonantgen_locked" -- on an item: the colour that it had before, as a number
local AMBER = {240, 180, 40}

local function lock(item)
  local color = math.tointeger(reaper.GetMediaItemInfo_Value(item, "I_CUSTOMCOLOR"))
  items.text(item, LOCKED, tostring(color))
  reaper.SetMediaItemInfo_Value(item, "C_LOCK", 1)
  reaper.SetMediaItemInfo_Value(item, "I_CUSTOMCOLOR", reaper.ColorToNative(table.unpack(AMBER)) | 0x1000000)
end

local function unlock(item, color)
  items.text(item, LOCKED, "")
  reaper.SetMediaItemInfo_Value(item, "C_LOCK", 0)
  reaper.SetMediaItemInfo_Value(item, "I_CUSTOMCOLOR", color)
end

-- An item that the musician has locked stays as it is: only what we marked is unmarked.
local function is_due(item, on)
  local is_ours = items.text(item, LOCKED) ~= ""
  if on then
    return not is_ours and reaper.GetMediaItemInfo_Value(item, "C_LOCK") == 0
  end
  return is_ours
end

-- The items of a track as its lock is; nothing is done, and nothing to undo, where they are so already.
function marks.show(proj, name, on)
  local due = {}
  for _, item in ipairs(items.of(proj, name)) do
    if is_due(item, on) then
      due[#due + 1] = item
    end
  end
  if #due == 0 then
    return
  end
  project.edit(proj, name .. (on and " locked" or " unlocked"), function()
    for _, item in ipairs(due) do
      if on then
        lock(item)
      else
        unlock(item, tonumber(items.text(item, LOCKED)))
      end
    end
  end)
end

return marks
