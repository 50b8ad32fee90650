-- A connection to the engine: a folder in which every file is one OSC packet.
--
--   MAILBOX/reaper-1a2b/in/   what we send; renamed into place, so that it is read whole
--   MAILBOX/reaper-1a2b/out/  1.osc, 2.osc …  what we are told; we read them in turn and remove them
--
-- A packet that still lies in `in/` after a second tells that nobody is there. Who leaves takes `in` away.

local osc = require("resonantgen.osc")
local place = require("resonantgen.place")
local say = require("resonantgen.say")

local Link = {}
Link.__index = Link

local NAME = "reaper"
-- Tracks, progress, transport, set and log: no levels, and beats are what REAPER has itself.
local FEEDBACK_MASK = 1 + 2 + 8 + 16 + 32
local HELLO_S = 1.0 -- between two tries to write a hello
local ANSWER_S, LONGEST_S = 1.5, 12 -- a hello that was taken and not answered so long: another connection
local PING_S = 2.0 -- keeps the lease of 30 s, and tells when the engine is gone
local LOST_S = 2.0 -- a ping so long without an answer: the engine is gone

local function unique_name()
  return "reaper-" .. reaper.genGuid(""):gsub("[^%w]", ""):lower()
end

function Link.new()
  local link = setmetatable({is_connected = false, hello_at = -math.huge, patience_s = ANSWER_S}, Link)
  link:open()
  return link
end

-- A fresh connection, as a new socket would be.
function Link:open()
  self.folder = place.mailbox() .. "/" .. unique_name()
  self.read = 0
  self.is_connected = false
  self.unanswered_since = nil
  self.ping_at = -math.huge
  self.pings, self.passed = 0, 0
  self.hello, self.taken_at = nil, nil
end

local function make_folders(folder)
  reaper.RecursiveCreateDirectory(folder .. "/in", 0)
  reaper.RecursiveCreateDirectory(folder .. "/out", 0)
end

local written = 0

-- One packet into a connection's folder; its path, or nil and why not. Names sort by time: the scripts of one
-- REAPER all run on one thread.
function Link.write(folder, packet)
  written = written + 1
  local guid = reaper.genGuid(""):sub(2, 9)
  local base = ("%s/in/%020.9f-%06d-%s"):format(folder, reaper.time_precise(), written, guid)
  local file, reason = io.open(base .. ".part", "wb")
  if not file then
    return nil, reason
  end
  local written_all, trouble = file:write(packet)
  local closed, late_trouble = file:close() -- what was kept back is written now
  if not (written_all and closed) then
    os.remove(base .. ".part")
    return nil, trouble or late_trouble
  end
  local moved, why = os.rename(base .. ".part", base .. ".osc")
  return moved and base .. ".osc", why
end

function Link:send(address, ...)
  return Link.write(self.folder, osc.encode(address, ...))
end

-- A number that `passed` reaches when the engine has carried out all that was sent until now, and has told
-- what came of it.
function Link:barrier()
  self.pings = self.pings + 1
  self:send("/rg/ping", self.pings)
  return self.pings
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

-- Whether the last hello may still be answered. A second one on the same connection would be answered by a second
-- dump, in the midst of what was said since.
local function waits_for_answer(link, now)
  if not link.hello then
    return now - link.hello_at < HELLO_S
  elseif exists(link.hello) then
    return true -- nobody is there yet
  end
  link.taken_at = link.taken_at or now
  return now - link.taken_at < link.patience_s
end

local function say_hello(link, now)
  if waits_for_answer(link, now) then
    return
  elseif link.taken_at then
    link.patience_s = math.min(2 * link.patience_s, LONGEST_S)
    link:open()
  end
  link.hello_at = now
  make_folders(link.folder)
  local why
  link.hello, why = link:send("/rg/hello", NAME, 0, FEEDBACK_MASK)
  if not link.hello and not link.has_complained then
    link.has_complained = true
    say("cannot write where the engine would read: " .. tostring(why))
  end
end

local function take_bundle(link)
  local path = ("%s/out/%d.osc"):format(link.folder, link.read + 1)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local packet = file:read("a")
  file:close()
  os.remove(path)
  link.read = link.read + 1
  return osc.decode(packet)
end

local function watch_lease(link, now)
  if link.unanswered_since and now - link.unanswered_since > LOST_S then
    link:open()
  elseif not link.unanswered_since and now - link.ping_at > PING_S then
    link.ping_at, link.unanswered_since = now, now
    link:barrier()
  end
end

-- To be called at every turn; the messages that came. They are read first: where REAPER was held up for seconds, by
-- a dialog or a render, the answers that were waited for lie there.
function Link:step(now)
  local messages = {}
  local bundle = take_bundle(self)
  while bundle do
    table.move(bundle, 1, #bundle, #messages + 1, messages)
    self.unanswered_since = nil -- whatever it says, somebody is there
    bundle = take_bundle(self)
  end
  if self.is_connected then
    watch_lease(self, now)
  elseif #messages == 0 then
    say_hello(self, now)
  end
  return messages
end

-- Goodbye: the engine sends nothing more, and clears the folder away.
function Link:close()
  os.rename(self.folder .. "/in", self.folder .. "/left")
end

-- To be called with each message in its turn: what was told before a pong is older than it.
function Link:heard(message, now)
  if message.address == "/rg/hello" then
    self.is_connected, self.ping_at, self.patience_s = true, now, ANSWER_S
  elseif message.address == "/rg/pong" then
    self.passed = math.max(self.passed, message.args[1] or 0)
  end
end

return Link
