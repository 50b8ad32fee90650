-- The engine's four tracks and the session's: they are the same by name.

local band = {}

band.TRACKS = {"drums", "bass", "harmony", "melody"}
local CLIENT = "resonantgen" -- the engine's name on JACK
local SIDES = {"L", "R"}

-- The session's track of that name; nil where there is none.
function band.track(name)
  local route = Session:route_by_name(name)
  if route:isnil() or route:to_track():isnil() then
    return nil
  end
  return route:to_track()
end

-- Those of the band that are selected in the editor, in the band's order.
function band.selected()
  local chosen = {}
  for route in Editor:get_selection().tracks:routelist():iter() do
    chosen[route:name()] = true
  end
  local names = {}
  for _, name in ipairs(band.TRACKS) do
    if chosen[name] then
      names[#names + 1] = name
    end
  end
  return names
end

-- Join the engine's ports to the tracks' inputs; how many ports are joined now.
function band.connect()
  local joined = 0
  for _, name in ipairs(band.TRACKS) do
    local track = band.track(name)
    for side = 1, track and #SIDES or 0 do
      local port = track:input():nth(side - 1)
      local source = ("%s:%s_%s"):format(CLIENT, name, SIDES[side])
      if not port:isnil() and (port:connected_to(source) or port:connect(source) == 0) then
        joined = joined + 1
      end
    end
  end
  return joined
end

return band
