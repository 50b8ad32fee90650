-- Words to the musician. The console, because a dialog would stop the show.

local function say(text)
  reaper.ShowConsoleMsg("ResonantGen: " .. text .. "\n")
end

return say
