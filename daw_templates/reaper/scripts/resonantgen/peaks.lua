-- The pictures of new takes: REAPER draws none for media that scripts insert, unless it is asked to.

local project = require("resonantgen.project")

local Peaks = {}
Peaks.__index = Peaks

local BEGIN, GO_ON, FINISH = 0, 1, 2 -- modes of PCM_Source_BuildPeaks

function Peaks.new()
  return setmetatable({waiting = {}}, Peaks)
end

function Peaks:add(proj, item)
  local take = reaper.GetActiveTake(item)
  local source = take and reaper.GetMediaItemTake_Source(take)
  if source and reaper.PCM_Source_BuildPeaks(source, BEGIN) ~= 0 then
    self.waiting[#self.waiting + 1] = {project = proj, take = take}
  end
end

local function is_done(one)
  if not project.is_open(one.project) or not reaper.ValidatePtr2(one.project, one.take, "MediaItem_Take*") then
    return true
  end
  local source = reaper.GetMediaItemTake_Source(one.take)
  if reaper.PCM_Source_BuildPeaks(source, GO_ON) ~= 0 then
    return false
  end
  reaper.PCM_Source_BuildPeaks(source, FINISH)
  reaper.UpdateArrange()
  return true
end

-- A little at every turn, so that nothing stands still meanwhile.
function Peaks:step()
  local first = self.waiting[1]
  if first and is_done(first) then
    table.remove(self.waiting, 1)
  end
end

return Peaks
