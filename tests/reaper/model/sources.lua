-- Media sources: WAV files, read as far as their length.

local objects = require("objects")

local sources = {}

local function chunks(data)
  local found, at = {}, 13
  while at + 8 <= #data + 1 do
    local id, size = string.unpack("<c4I4", data, at)
    found[id] = {at = at + 8, size = size}
    at = at + 8 + size + size % 2
  end
  return found
end

-- Seconds of audio; nil where this is no WAV file.
local function length_of(data)
  if data:sub(1, 4) ~= "RIFF" or data:sub(9, 12) ~= "WAVE" then
    return nil
  end
  local found = chunks(data)
  local format, audio = found["fmt "], found["data"]
  if not format or not audio then
    return nil
  end
  local _, _, rate, _, block_bytes = string.unpack("<I2I2I4I4I2", data, format.at)
  return audio.size / block_bytes / rate
end

function sources.open(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local data = file:read("a")
  file:close()
  local length_s = length_of(data)
  return length_s and objects.new("PCM_source*", {path = path, length_s = length_s}) or nil
end

return sources
