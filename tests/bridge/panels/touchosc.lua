-- TouchOSC as far as its manual describes it and our layout uses it: controls, their messages and their scripts.
--
--   lua touchosc.lua layout.lua        layout.lua returns the tree: kind, properties, values, messages, children
--
-- Takes one order a line (a Lua table), answers one line of JSON. What the layout sends comes as lines before the
-- answer, with '!' in front. Time stands still but for `tick`; each tick is one frame of the application.

local millis = 0
local outgoing = {}
local byName = {}
local all = {}

-- JSON, as much as answers need -------------------------------------------------------------------

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(sign) return string.format('\\u%04x', sign:byte()) end) .. '"'
end

local function json(value)
  if type(value) == 'table' then
    local parts = {}
    for _, one in ipairs(value) do parts[#parts + 1] = json(one) end
    return '[' .. table.concat(parts, ',') .. ']'
  elseif type(value) == 'string' then
    return quoted(value)
  elseif value == nil then
    return 'null'
  end
  return tostring(value)
end

-- OSC ---------------------------------------------------------------------------------------------

local TAGS = { number = 'f', string = 's' }

-- sendOSC(path, values …) or sendOSC({ path, { { tag =, value = } … } })
local function sendOSC(first, ...)
  local address, arguments = first, {}
  if type(first) == 'table' then
    address = first[1]
    for _, argument in ipairs(first[2] or {}) do arguments[#arguments + 1] = { argument.tag, argument.value } end
  else
    for _, value in ipairs({ ... }) do arguments[#arguments + 1] = { TAGS[type(value)], value } end
  end
  outgoing[#outgoing + 1] = { address, arguments }
end

-- controls ----------------------------------------------------------------------------------------

local CONVERT = {
  FLOAT = function(value) return 'f', value end,
  INTEGER = function(value) return 'i', math.floor(value + 0.5) end,
  STRING = function(value) return 's', tostring(value) end,
}

-- A value of the control becomes an argument: scaled, where it is a number.
local function argument(control, partial)
  local value = partial.value
  if partial.kind == 'VALUE' then
    value = control.raw[partial.value]
    if partial.conversion ~= 'STRING' then value = partial.low + value * (partial.high - partial.low) end
  elseif partial.conversion ~= 'STRING' then
    value = tonumber(value)
  end
  local tag, converted = CONVERT[partial.conversion](value)
  return { tag = tag, value = converted }
end

local function trigger(control, key, before, now)
  for _, message in ipairs(control.messages) do
    local rises = message.condition == 'ANY' or (message.condition == 'RISE' and before == 0 and now == 1)
    if message.send and message.trigger == key and rises then
      local arguments = {}
      for _, partial in ipairs(message.arguments) do arguments[#arguments + 1] = argument(control, partial) end
      sendOSC({ message.address, arguments })
    end
  end
end

-- `quietly`: heard from outside; a message whose feedback flag is off does not answer itself.
local function change(control, key, value, quietly)
  local before = control.raw[key]
  if before == value then return end
  control.raw[key] = value
  if not quietly then trigger(control, key, before, value) end
  if control.environment.onValueChanged then control.environment.onValueChanged(key) end
end

local function hear(control, address, arguments)
  for _, message in ipairs(control.messages) do
    if message.receive and message.address == address then
      for i, partial in ipairs(message.arguments) do
        local value = arguments[i] and arguments[i].value
        if partial.kind == 'VALUE' and value ~= nil then
          if partial.conversion ~= 'STRING' then
            value = math.max(0, math.min(1, (value - partial.low) / (partial.high - partial.low)))
          end
          change(control, partial.value, value, true)
        end
      end
    end
  end
end

local Control = {}
Control.__index = Control

function Control:findByName(name, recursive)
  for _, child in ipairs(self.children) do
    if child.name == name then return child end
    local deeper = recursive and child:findByName(name, true)
    if deeper then return deeper end
  end
  return nil
end

local function number(text)
  if text == 'false' then return false end
  return tonumber(text) or text
end

local function create(node)
  assert(not byName[node.properties.name], 'two controls are called ' .. node.properties.name)
  local control = setmetatable({ raw = {}, messages = node.messages, children = {} }, Control)
  control.name, control.kind = node.properties.name, node.kind
  for key, value in pairs(node.values) do control.raw[key] = key == 'text' and value or number(value) end
  control.values = setmetatable({}, {
    __index = function(_, key)
      assert(control.raw[key] ~= nil, control.kind .. ' has no value ' .. key)
      return control.raw[key]
    end,
    __newindex = function(_, key, value)
      assert(control.raw[key] ~= nil, control.kind .. ' has no value ' .. key)
      change(control, key, value, false)
    end,
  })
  byName[control.name], all[#all + 1] = control, control
  for _, child in ipairs(node.children) do control.children[#control.children + 1] = create(child) end
  control.environment = {
    self = control, sendOSC = sendOSC, getMillis = function() return millis end, print = function() end,
    math = math, string = string, table = table, ipairs = ipairs, pairs = pairs, type = type,
    tostring = tostring, tonumber = tonumber,
  }
  local script = node.properties.script
  if script then assert(load(script, control.name, 't', control.environment))() end
  return control
end

-- what a finger and the network do ----------------------------------------------------------------

local root

local function touched(control, act)
  control.raw.touch = true
  act()
  control.raw.touch = false
end

local hands = {
  press = function(order)
    local control = assert(byName[order.id], order.id)
    local toggles = control.buttonType ~= 0
    touched(control, function()
      change(control, 'x', toggles and 1 - control.raw.x or 1, false)
    end)
    if not toggles then change(control, 'x', 0, false) end
  end,
  slide = function(order)
    local control = assert(byName[order.id], order.id)
    touched(control, function() change(control, 'x', order.value, false) end)
  end,
  hold = function(order) byName[order.id].raw.touch = order.value end,
  receive = function(order)
    local handled = root.environment.onReceiveOSC
      and root.environment.onReceiveOSC({ order.address, order.arguments }, { true })
    if not handled then
      for _, control in ipairs(all) do hear(control, order.address, order.arguments) end
    end
  end,
  read = function(order)
    local control = assert(byName[order.id], order.id)
    return control.raw.text or control.raw.x
  end,
  tick = function(order)
    millis = millis + order.ms
    root.environment.update()
  end,
}

local function respond(line)
  for _, message in ipairs(outgoing) do io.write('!', json(message), '\n') end
  outgoing = {}
  io.write(line, '\n')
  io.flush()
end

root = create(dofile(arg[1]))
local function typed(node)
  byName[node.properties.name].buttonType = node.properties.buttonType
  for _, child in ipairs(node.children) do typed(child) end
end
typed(dofile(arg[1]))
root.environment.init()
respond('"ready"')
for line in io.lines() do
  local order = assert(load('return ' .. line))()
  respond(json(assert(hands[order['do']], order['do'])(order)))
end
