-- The resident part: brings what the engine makes into the project, and REAPER's time to the engine.
--
-- One turn, some 30 times a second:  read what came  ->  tell REAPER  ->  look at REAPER  ->  tell the engine
--
-- The other scripts find the connection in REAPER's extended state, where it is written at every turn.

local Band = require("resonantgen.band")
local Choice = require("resonantgen.choice")
local Link = require("resonantgen.link")
local Peaks = require("resonantgen.peaks")
local Tempo = require("resonantgen.tempo")
local Transport = require("resonantgen.transport")
local landing = require("resonantgen.landing")
local marks = require("resonantgen.marks")
local place = require("resonantgen.place")
local project = require("resonantgen.project")
local say = require("resonantgen.say")
local toolbar = require("resonantgen.toolbar")
local tracks = require("resonantgen.tracks")

local Follow = {}
Follow.__index = Follow

function Follow.new()
  return setmetatable({
    link = Link.new(), band = Band.new(), tempo = Tempo.new(), transport = Transport.new(),
    peaks = Peaks.new(), choice = Choice.new(), project = project.active(),
    in_dump = false, -- the engine tells how everything is
    has_met = false, -- the two know each other's tempo and stems
  }, Follow)
end

-- The active project where the band is in it, else the one where it was last.
local function choose_project(self)
  local active = project.active()
  if active == self.project and project.is_open(active) then
    return
  end
  if not project.is_open(self.project) or next(tracks.find(active)) ~= nil then
    self.project = active
    self.transport:forget()
    self.choice:forget()
    self.is_new_here = true
  end
end

local function land(self, name)
  local track = self.band.tracks[name]
  if not (track.stem and track.take > 0 and self.band.folder) then
    return
  end
  local found = tracks.ensure(self.project, self.band.names)
  if not found[name] then
    return say("there is no track for the " .. name .. " in the project; bring it to the front")
  end
  local item = landing.land(self.project, found[name], name, track.stem, self.band.folder)
  if item then
    marks.show(self.project, name, track.locked)
    self.peaks:add(self.project, item)
    self.choice:note(self.project, name)
  end
end

local on_track = {
  stem = land,
  take = function(self, name)
    local track = self.band.tracks[name]
    place.set("take_" .. name, ("%d/%d"):format(track.take, track.takes))
  end,
  lock = function(self, name)
    local is_locked = self.band.tracks[name].locked
    place.set("locked_" .. name, is_locked and "1" or "0")
    toolbar.show("Lock " .. name, is_locked)
    marks.show(self.project, name, is_locked)
  end,
}

local function take_tempo(self)
  self.tempo:take(self.project, self.link, self.band)
end

local REPEAT_S = 3.0 -- what is tried again and again, as a tempo that is dragged, is refused in words once

-- What is done when something happens; while a dump tells how everything is, nothing does.
local on_news = {
  ["/rg/tempo"] = take_tempo,
  ["/rg/signature"] = take_tempo,
  ["/rg/playing"] = function(self, message, now)
    self.transport:take(self.project, self.link, message.args[1] == 1, now)
  end,
  ["/rg/set/open"] = function(self)
    self.is_other_set = true
    self.link:send("/rg/refresh") -- values that both sets share are not told again by themselves
  end,
  ["/rg/fail"] = function(self, message, now)
    local command, _, _, text = table.unpack(message.args)
    local line = command:gsub("^/rg/", "") .. ": " .. text
    if line ~= self.refusal or now - self.refused_at > REPEAT_S then
      say(line)
    end
    self.refusal, self.refused_at = line, now
  end,
  ["/rg/log"] = function(_, message)
    if message.args[1] ~= "info" then
      say(message.args[2])
    end
  end,
}

-- A new connection: nothing that was said before counts.
local function begin(self)
  self.transport:forget()
  self.tempo:forget()
  self.choice:forget()
  self.in_dump, self.has_met = false, false
end

-- Whether the set's stems are for this project: it is fresh, or has had stems of the same set.
local function belongs(self)
  local found, folder = tracks.find(self.project), landing.path(self.band.folder, "")
  if next(found) == nil then
    return reaper.CountMediaItems(self.project) == 0
  end
  for name in pairs(found) do
    local before = landing.last(self.project, name)
    if before and before:sub(1, #folder) ~= folder then
      return false
    end
  end
  return true
end

-- An empty project takes the set's tempo; one with music in it leads.
local function meet_tempo(self)
  if reaper.CountMediaItems(self.project) == 0 and self.band:has_stems() then
    self.tempo:forget()
    self.tempo:take(self.project, self.link, self.band)
  else
    self.tempo:tell(self.project, self.link)
  end
end

-- Everything is known, after a connection, or when another project or another set came to the front.
function Follow:meet()
  local is_ours = self.band.folder ~= nil and (self.is_other_set or belongs(self))
  self.is_other_set, self.has_met = false, true
  meet_tempo(self)
  if is_ours then
    tracks.ensure(self.project, self.band.names)
  end
  for _, name in ipairs(self.band.names) do
    local stem = self.band.tracks[name].stem
    on_track.lock(self, name)
    on_track.take(self, name)
    -- A stem that was here before is left to the musician, who may have taken it away.
    if stem and is_ours and landing.last(self.project, name) ~= landing.path(self.band.folder, stem.file) then
      land(self, name)
    end
  end
end

local function take_message(self, message, now)
  self.link:heard(message, now)
  self.band:apply(message)
  if message.address == "/rg/hello" then
    begin(self)
  elseif message.address == "/rg/update" then
    self.in_dump = message.args[1] == 1
    if not self.in_dump then
      self:meet()
    end
  elseif not self.in_dump then
    local name, value = Band.parts(message.address)
    if on_track[value] then
      on_track[value](self, name)
    elseif on_news[message.address] then
      on_news[message.address](self, message, now)
    end
  end
end

-- One that goes wrong does not take the others with it; the first mistake, or nil.
local function take_messages(self, messages, now)
  local first
  for _, message in ipairs(messages) do
    local ok, trouble = xpcall(take_message, debug.traceback, self, message, now)
    first = first or (not ok and trouble or nil)
  end
  return first
end

local PATIENCE_S = 3.0

local function show_connection(self, now)
  local connected = self.link.is_connected
  self.began_at = self.began_at or now
  if connected and not self.was_connected then
    say("connected to the engine")
  elseif self.was_connected and not connected then
    say("the engine has gone; waiting for it to come back")
  elseif not connected and not self.has_waited and now - self.began_at > PATIENCE_S then
    say(("waiting for an engine on port %d (resonantgen serve)"):format(place.port()))
    self.has_waited = true
  end
  self.was_connected, self.has_waited = connected, self.has_waited or connected
end

-- Actions wait until both sides know each other's tempo: a prompt that names one must come after that.
function Follow:publish(now)
  place.set("alive", ("%.3f"):format(now))
  place.set("connected", self.link.is_connected and self.has_met and "1" or "0")
  place.set("folder", self.link.folder)
end

function Follow:step(now)
  choose_project(self)
  local trouble = take_messages(self, self.link:step(now), now)
  show_connection(self, now)
  if self.link.is_connected and self.has_met and project.is_open(self.project) then
    if self.is_new_here then
      self.is_new_here = false
      self:meet()
    end
    self.tempo:step(self.project, self.link, now)
    self.transport:step(self.project, self.link, now)
    self.choice:step(self.project, self.link, self.band, now)
  end
  self.peaks:step()
  self:publish(now)
  if trouble then
    error(trouble, 0)
  end
end

-- Nobody follows any more: the other scripts will start it again when they need it.
function Follow:stop()
  self.link:close()
  place.set("alive", "")
  place.set("connected", "0")
end

return Follow
