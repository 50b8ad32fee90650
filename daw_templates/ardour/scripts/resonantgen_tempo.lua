ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: Take over the band's tempo",
  author = "ResonantGen",
  license = "MIT",
  description = [[Sets the session's tempo and meter to those of the stems.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  rg.tempo.take_over()
end end
