-- One connection to the engine's mailbox:
--
--   MAILBOX/PORT/ardour-1a2b/in/0.osc          what we send, renamed into place
--   MAILBOX/PORT/ardour-1a2b/out/1.osc, 2.osc  what we are told, in turn; removed when it is read
--
-- The engine takes the folder away when `in` is gone from it, or when it has heard nothing for its lease.

local rg = ...
local Mailbox = {}
Mailbox.__index = Mailbox

local function environment(name, fallback)
  local value = os.getenv(name)
  return value ~= nil and value ~= "" and value or fallback
end

local function is_windows()
  return environment("OS", "") == "Windows_NT"
end

local function is_folder(path)
  return ARDOUR.LuaAPI.file_test(path, ARDOUR.LuaAPI.FileTest.IsDir)
end

-- The engine's rule (`data_folder` in bridge/reaper.py): the user's own data. It does not ask XDG_DATA_HOME: a
-- terminal, the desktop and a sandbox each have another.
local function data_folder()
  local home = environment("HOME", environment("USERPROFILE", "."))
  if is_windows() then
    return environment("LOCALAPPDATA", home .. "/AppData/Local")
  end
  if is_folder("/System/Library/CoreServices") then -- macOS
    return home .. "/Library/Application Support"
  end
  return home .. "/.local/share"
end

local function root()
  local settings = rg.settings
  local box = settings.mailbox ~= "" and settings.mailbox or data_folder() .. "/resonantgen/reaper"
  return box .. "/" .. settings.port
end

-- Neither Lua nor Ardour makes folders; the shell does.
local function make_folder(path)
  if is_windows() then
    return os.execute('mkdir "' .. path:gsub("/", "\\") .. '"')
  end
  return os.execute("mkdir -p '" .. path:gsub("'", "'\\''") .. "'")
end

function Mailbox.open()
  local name = ("ardour-%08x%04x"):format(os.time() & 0xffffffff, math.random(0, 0xffff))
  local box = setmetatable({folder = root() .. "/" .. name, sent = 0, read = 0}, Mailbox)
  if not (make_folder(box.folder .. "/in") and make_folder(box.folder .. "/out")) then
    return nil, "the folder " .. box.folder .. " cannot be made"
  end
  return box
end

function Mailbox:send(path, ...)
  local base = ("%s/in/%d"):format(self.folder, self.sent)
  local file = assert(io.open(base .. ".part", "wb"))
  file:write(rg.osc.encode(path, ...))
  file:close()
  assert(os.rename(base .. ".part", base .. ".osc"))
  self.sent = self.sent + 1
end

-- The messages that have come since the last time.
function Mailbox:receive()
  local messages = {}
  while true do
    local path = ("%s/out/%d.osc"):format(self.folder, self.read + 1)
    local file = io.open(path, "rb")
    if not file then
      return messages
    end
    local bundle = rg.osc.decode(file:read("a"))
    file:close()
    os.remove(path)
    self.read = self.read + 1
    table.move(bundle, 1, #bundle, #messages + 1, messages)
  end
end

-- Goodbye: the engine sends nothing more, and clears the folder away.
function Mailbox:close()
  os.rename(self.folder .. "/in", self.folder .. "/left")
end

-- Where no engine will do it.
function Mailbox:remove()
  for number = 0, self.sent - 1 do
    os.remove(("%s/in/%d.osc"):format(self.folder, number))
  end
  os.remove(self.folder .. "/in")
  os.remove(self.folder .. "/out")
  os.remove(self.folder)
end

return Mailbox
