ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: Lock the selected tracks",
  author = "ResonantGen",
  license = "MIT",
  description = [[What plays on them stays as it is, whatever is generated.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  for _, track in ipairs(rg.band.selected()) do
    rg.engine.send("/rg/track/" .. track .. "/lock", "i", 1)
  end
end end
