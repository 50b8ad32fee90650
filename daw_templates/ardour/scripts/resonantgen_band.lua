ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: Band…",
  author = "ResonantGen",
  license = "MIT",
  description = [[Locks, new takes, undo and who plays what, in one window.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  rg.panel.run()
end end
