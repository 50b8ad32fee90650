ardour {
  ["type"] = "EditorAction",
  name = "ResonantGen: Prompt…",
  author = "ResonantGen",
  license = "MIT",
  description = [[Asks for a sentence and lets the band play it: every track that is not locked, or one track in the context of the others.]],
}

function factory() return function()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  rg.prompt.run()
end end
