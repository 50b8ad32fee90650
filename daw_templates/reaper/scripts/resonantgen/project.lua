-- The project that we work in, and what it remembers of us.

local project = {}

local NAME = "ResonantGen"

function project.active()
  return (reaper.EnumProjects(-1))
end

function project.is_open(proj)
  return proj ~= nil and reaper.ValidatePtr2(0, proj, "ReaProject*")
end

function project.get(proj, key)
  local size, value = reaper.GetProjExtState(proj, NAME, key)
  return size > 0 and value or nil
end

function project.set(proj, key, value)
  reaper.SetProjExtState(proj, NAME, key, value or "")
end

-- One step of REAPER's undo, and one redraw. An error inside ends both and goes on upwards.
function project.edit(proj, what, work)
  reaper.Undo_BeginBlock2(proj)
  reaper.PreventUIRefresh(1)
  local done, result = xpcall(work, debug.traceback)
  reaper.PreventUIRefresh(-1)
  reaper.UpdateArrange()
  reaper.Undo_EndBlock2(proj, NAME .. ": " .. what, -1)
  if not done then
    error(result, 0)
  end
  return result
end

function project.is_rolling(proj)
  return reaper.GetPlayStateEx(proj) & 1 == 1
end

-- Where REAPER is, in seconds: what is heard, or the edit cursor.
function project.position(proj)
  if project.is_rolling(proj) then
    return reaper.GetPlayPositionEx(proj)
  end
  return reaper.GetCursorPositionEx(proj)
end

return project
