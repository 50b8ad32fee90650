-- OSC packets: messages to bytes, bytes to messages. Nothing here knows the contract.
--
--   osc.encode("/rg/tempo", 128.0)   a float goes as f, an integer as i, a text as s
--   osc.decode(packet)               a list of {address, args}, bundles taken apart in their order

local osc = {}

local BUNDLE = "#bundle\0"

local function padded(text)
  return text .. ("\0"):rep(4 - #text % 4)
end

-- A text that every reader takes: no byte that ends it early, nothing but UTF-8.
local function clean(text)
  text = text:gsub("\0", " ")
  if not utf8.len(text) then
    text = text:gsub("[\x80-\xff]", "?")
  end
  return text
end

local function encode_arg(arg)
  if math.type(arg) == "integer" then
    return "i", string.pack(">i4", arg)
  elseif type(arg) == "number" then
    return "f", string.pack(">f", arg)
  end
  return "s", padded(clean(arg))
end

function osc.encode(address, ...)
  local tags, values = {","}, {}
  for index = 1, select("#", ...) do
    tags[index + 1], values[index] = encode_arg((select(index, ...)))
  end
  return padded(address) .. padded(table.concat(tags)) .. table.concat(values)
end

local function read_text(packet, at)
  local stop = assert(packet:find("\0", at, true), "a text does not end")
  local text = packet:sub(at, stop - 1)
  return text, at + #text + 4 - #text % 4
end

local readers = {
  i = function(packet, at) return string.unpack(">i4", packet, at) end,
  f = function(packet, at) return string.unpack(">f", packet, at) end,
  s = read_text,
}

local function decode_message(packet, messages)
  local address, at = read_text(packet, 1)
  local tags
  tags, at = read_text(packet, at)
  local message = {address = address, args = {}}
  for tag in tags:sub(2):gmatch(".") do
    local read = assert(readers[tag], "an argument of type " .. tag)
    message.args[#message.args + 1], at = read(packet, at)
  end
  messages[#messages + 1] = message
end

local function decode_packet(packet, messages)
  if packet:sub(1, #BUNDLE) ~= BUNDLE then
    return decode_message(packet, messages)
  end
  local at = 17 -- past its name and its time tag
  while at <= #packet do
    local element
    element, at = string.unpack(">s4", packet, at)
    decode_packet(element, messages)
  end
end

-- Raises an error on what is no packet; the engine sends none.
function osc.decode(packet)
  local messages = {}
  decode_packet(packet, messages)
  return messages
end

return osc
