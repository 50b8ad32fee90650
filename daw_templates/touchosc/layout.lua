-- The script of the whole layout: says hello, stays subscribed, and shows what takes more than one control's own
-- message. PORT, SHOWN and KNOBS stand above: where the engine is to answer, and what is told where.

local TICK_MS = 1000
local LOST_MS = 12000

local tickedAt, answeredAt = 0, nil
local isGreeted = false -- our last hello was answered
local pinged, ponged = 0, 0
local found = {}

local function named(name)
  found[name] = found[name] or self:findByName(name, true)
  return found[name]
end

-- A control that was taken out of the layout is missed by nobody.
local function put(name, key, value)
  local control = named(name)
  if control then
    control.values[key] = value
  end
end

local function hello()
  isGreeted = false
  sendOSC({ '/rg/hello', { { tag = 's', value = 'TouchOSC' }, { tag = 'i', value = PORT } } })
end

-- The engine forgets clients that are silent for 30 seconds, so it is pinged. It is greeted anew when this tablet
-- slept, and when a ping was not answered: then the network lost something, perhaps more than the ping, or the engine
-- was started anew and knows nobody; its hello brings everything up to date.
local function tick(now)
  local slept = now - tickedAt > LOST_MS
  tickedAt = now
  if answeredAt == nil or now - answeredAt > LOST_MS then
    put('connected', 'x', 0)
  end
  if slept or not isGreeted or ponged < pinged then
    ponged = pinged
    hello()
  else
    pinged = pinged + 1
    sendOSC({ '/rg/ping', { { tag = 'i', value = pinged } } })
  end
end

function init()
  tickedAt = getMillis()
  hello()
end

function update()
  local now = getMillis()
  if now - tickedAt >= TICK_MS then
    tick(now)
  end
end

-- Texts and the numbers of arguments, one after the other: { 1, ' of ', 2 }
local function worded(parts, arguments)
  local text = ''
  for _, part in ipairs(parts) do
    if type(part) == 'number' then
      local value = arguments[part] and arguments[part].value or ''
      part = type(value) == 'number' and string.format('%.6g', value) or tostring(value)
    end
    text = text .. part
  end
  return text
end

-- A knob that a finger is on stays where the finger is.
local function turn(knobs, arguments)
  local knob = arguments[1] and knobs[arguments[1].value]
  if knob == nil or arguments[2] == nil then
    return
  end
  local control = named(knob.name)
  if control and not control.values.touch then
    local share = (arguments[2].value - knob.low) / (knob.high - knob.low)
    control.values.x = math.max(0, math.min(1, share))
  end
end

function onReceiveOSC(message)
  local address, arguments = message[1], message[2]
  for _, shown in ipairs(SHOWN[address] or {}) do
    put(shown.name, 'text', worded(shown.parts, arguments))
  end
  if KNOBS[address] then
    turn(KNOBS[address], arguments)
  end
  if address == '/rg/hello' or address == '/rg/pong' then
    answeredAt = getMillis()
    put('connected', 'x', 1)
    isGreeted = isGreeted or address == '/rg/hello'
  end
  if address == '/rg/pong' and arguments[1] and arguments[1].value == pinged then
    ponged = pinged
  end
  return false
end
