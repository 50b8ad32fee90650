-- REAPER's objects as a script sees them: opaque pointers that every function checks.
--
-- A wrong pointer is the error that REAPER raises; one that was deleted as well, which in REAPER is undefined.

local objects = {}

local KINDS = {} -- weak: pointer -> kind

setmetatable(KINDS, {__mode = "k"})

function objects.new(kind, fields)
  local object = setmetatable(fields or {}, {__name = kind, __index = function(_, key)
    error(("a script looked into a %s: .%s"):format(kind, tostring(key)), 2)
  end})
  KINDS[object] = kind
  return object
end

function objects.delete(object)
  KINDS[object] = nil
end

function objects.is(object, kind)
  return object ~= nil and KINDS[object] == kind
end

function objects.check(object, kind, position, name)
  if not objects.is(object, kind) then
    error(("bad argument #%d to '%s' (%s expected)"):format(position, name, kind), 3)
  end
  return object
end

local chance = assert(io.open("/dev/urandom", "rb"))

function objects.guid()
  local one, two = string.unpack("<I4I6", chance:read(10))
  return ("{%08X-0000-4000-8000-%012X}"):format(one, two)
end

return objects
