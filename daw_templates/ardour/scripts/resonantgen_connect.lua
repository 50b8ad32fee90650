ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: Connect the tracks",
  author = "ResonantGen",
  license = "MIT",
  description = [[Joins the engine's JACK ports to the tracks that are called like them: after the engine was started later than the session.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  local joined, all = rg.band.connect(), 2 * #rg.band.TRACKS
  rg.say.message(("%d of %d inputs are joined to the engine"):format(joined, all))
end end
