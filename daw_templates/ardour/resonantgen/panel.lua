-- The band at a glance: for each track its lock, and what shall become of its take.

local rg = ...
local panel = {}

local KEEP, NEW, UNDO, REDO = "keep", "regenerate", "undo", "redo"
local CHOICES = {["keep this take"] = KEEP, ["a new take"] = NEW, ["the take before"] = UNDO, ["the take after"] = REDO}

local function title(track, values)
  local stem, take = values["/rg/track/" .. track .. "/stem"], values["/rg/track/" .. track .. "/take"]
  if not stem or stem[1] == "" then
    return track .. " (no take yet)"
  end
  return ("%s: take %d of %d, %s"):format(track, take[1], take[2], stem[1])
end

function panel.is_locked(track, values)
  local lock = values["/rg/track/" .. track .. "/lock"]
  return lock ~= nil and lock[1] == 1
end

local function rows(values)
  local made = {}
  for _, track in ipairs(rg.band.TRACKS) do
    table.insert(made, {type = "heading", title = title(track, values), align = "left"})
    local locked = panel.is_locked(track, values)
    table.insert(made, {type = "checkbox", key = track .. "_lock", title = "Lock " .. track, default = locked})
    table.insert(made, {
      type = "dropdown", key = track .. "_take", title = "Take", values = CHOICES, default = "keep this take",
    })
  end
  return made
end

-- What has been changed in the dialog. A track that is locked here keeps its take, whatever else was chosen.
function panel.send(answer, values)
  for _, track in ipairs(rg.band.TRACKS) do
    local path = "/rg/track/" .. track
    local was, is = panel.is_locked(track, values), answer[track .. "_lock"]
    if was and not is then
      rg.engine.send(path .. "/lock", "i", 0)
    end
    if is and not was then
      rg.engine.send(path .. "/lock", "i", 1)
    elseif not is and answer[track .. "_take"] ~= KEEP then
      rg.engine.send(path .. "/" .. answer[track .. "_take"])
    end
  end
end

function panel.run()
  local values, why = rg.engine.ask()
  if not values then
    return rg.say.problem(why)
  end
  local answer = LuaDialog.Dialog("ResonantGen: the band", rows(values)):run()
  if answer then
    panel.send(answer, values)
  end
end

return panel
