-- The musician chooses another take in REAPER, or undoes one: the engine goes there too.

local items = require("resonantgen.items")
local landing = require("resonantgen.landing")

local Choice = {}
Choice.__index = Choice

local LOOK_S = 0.2 -- a fader that is moved changes the project at every turn

function Choice.new()
  return setmetatable({heard = {}, looked_at = -math.huge}, Choice)
end

-- What is heard now was not chosen by the musician.
function Choice:note(proj, name)
  local home = landing.home(proj, name)
  self.heard[name] = home and items.heard(home) or nil
end

local function of_set(path, band)
  return path:sub(1, #band.folder + 1) == band.folder .. "/"
end

local function look_at(self, proj, link, band, name)
  local home = landing.home(proj, name)
  local path, number = nil, nil
  if home then
    path, number = items.heard(home)
  end
  local before = self.heard[name]
  self.heard[name] = path
  if path and before and path ~= before and number and of_set(path, band) then
    link:send(("/rg/track/%s/take"):format(name), number)
  end
end

-- At every turn; it looks closer only when something was done in the project.
function Choice:step(proj, link, band, now)
  local changes = reaper.GetProjectStateChangeCount(proj)
  if changes == self.changes or now - self.looked_at < LOOK_S or not band.folder then
    return
  end
  self.changes, self.looked_at = changes, now
  for _, name in ipairs(band.names) do
    look_at(self, proj, link, band, name)
  end
end

-- Another project, another connection: what is heard there is where we begin.
function Choice:forget()
  self.heard, self.changes = {}, nil
end

return Choice
