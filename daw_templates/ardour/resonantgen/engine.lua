-- What we tell the engine goes over UDP, which Ardour's Lua can send. It cannot receive: what the engine tells
-- us comes through its mailbox, a folder in which every file is an OSC packet.

local rg = ...
local engine = {}

local WAIT_S = 4.0 -- the engine looks into its mailbox every half second; its answer is 60 values long
local LOOK_S = 0.02
local address -- of the UDP socket, made once

-- The engine's types are i, f and s; "" where there is nothing to say but the address.
function engine.send(path, types, ...)
  local settings = rg.settings
  address = address or ARDOUR.LuaOSC.Address(("osc.udp://%s:%d"):format(settings.host, settings.port))
  address:send(path, types or "", ...)
end

-- Every value that the engine has, by address: {["/rg/tempo"] = {128.0}, …}. Nil and why, where none answers.
function engine.ask()
  local box, why = rg.mailbox.open()
  if not box then
    return nil, why
  end
  box:send("/rg/hello", "ardour", 0, 1 + 16) -- tracks, set and context
  local values, waited = {}, 0.0
  while waited < WAIT_S do
    for _, message in ipairs(box:receive()) do
      if message.address == "/rg/update" and message.args[1] == 0 then
        box:close()
        return values
      end
      values[message.address] = message.args
    end
    ARDOUR.LuaAPI.usleep(math.floor(LOOK_S * 1e6))
    waited = waited + LOOK_S
  end
  box:remove()
  return nil, ("no engine answers at port %d: start it with  resonantgen serve"):format(rg.settings.port)
end

return engine
