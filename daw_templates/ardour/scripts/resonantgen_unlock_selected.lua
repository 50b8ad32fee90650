ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: Unlock the selected tracks",
  author = "ResonantGen",
  license = "MIT",
  description = [[New takes may replace what plays on them again.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  for _, track in ipairs(rg.band.selected()) do
    rg.engine.send("/rg/track/" .. track .. "/lock", "i", 0)
  end
end end
