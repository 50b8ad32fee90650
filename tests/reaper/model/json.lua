-- Values to JSON. A table is an object, unless it was marked as a list.

local json = {}

local LIST = {}

function json.list(values)
  return setmetatable(values, LIST)
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(sign) return ("\\u%04x"):format(sign:byte()) end) .. '"'
end

function json.encode(value)
  local kind = type(value)
  if kind == "table" then
    local parts = {}
    if getmetatable(value) == LIST or #value > 0 then
      for index, one in ipairs(value) do
        parts[index] = json.encode(one)
      end
      return "[" .. table.concat(parts, ",") .. "]"
    end
    for key, one in pairs(value) do
      parts[#parts + 1] = quoted(tostring(key)) .. ":" .. json.encode(one)
    end
    return "{" .. table.concat(parts, ",") .. "}"
  elseif kind == "string" then
    return quoted(value)
  elseif kind == "number" then
    return math.type(value) == "integer" and tostring(value) or ("%.17g"):format(value)
  end
  return tostring(value == nil and "null" or value)
end

return json
