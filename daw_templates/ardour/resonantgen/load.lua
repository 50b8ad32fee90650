-- Every module of this folder, for Ardour's scripts, which have no `require`:
--
--   local rg = loadfile(folder .. "/load.lua")(folder)
--   rg.engine.send("/rg/tempo", "f", 128)
--
-- A module is a file that is given the table of all modules and returns its own; it is read when it is used.

local folder = ...

local modules = setmetatable({}, {
  __index = function(all, name)
    local read = assert(loadfile(folder .. "/" .. name .. ".lua"))
    local module = read(all)
    all[name] = module
    return module
  end,
})

return modules
