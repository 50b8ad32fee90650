ardour {
  ["type"] = "EditorHook",
  name = "ResonantGen: The band follows the session",
  author = "ResonantGen",
  license = "MIT",
  description = [[While this is on, the band takes tempo and meter from the session, and without JACK its transport too.]],
}

function signals()
  return LuaSignal.Set():add({[LuaSignal.LuaTimerDS] = true})
end

function factory()
  local folder = ARDOUR.user_config_directory(-1) .. "/resonantgen"
  local rg = assert(loadfile(folder .. "/load.lua"))(folder)
  local follow = rg.follow.new()
  return function() -- ten times a second
    if Session then
      follow:step()
    end
  end
end
