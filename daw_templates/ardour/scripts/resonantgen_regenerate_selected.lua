ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: New take of the selected tracks",
  author = "ResonantGen",
  license = "MIT",
  description = [[A new take of each selected track of the band, in the context of the others.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  for _, track in ipairs(rg.band.selected()) do
    rg.engine.send("/rg/track/" .. track .. "/regenerate")
  end
end end
