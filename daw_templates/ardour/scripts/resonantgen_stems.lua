ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: Stems at the playhead",
  author = "ResonantGen",
  license = "MIT",
  description = [[Puts the stems that play now on their tracks, from the start of the playhead's bar.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  rg.landing.run()
end end
