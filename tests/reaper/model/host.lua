-- A model of REAPER that runs our scripts: each in a world of its own, as REAPER does, in turns that the test
-- gives. What the test asks is Lua as well; the answer goes back as JSON.
--
--   lua host.lua MODEL_FOLDER RESOURCES       then on stdin, again and again: BYTES "\n" CHUNK

local model_folder, resources = arg[1], arg[2]
package.path = model_folder .. "/?.lua"

local json = require("json")
objects = require("objects") -- the tests delete some

local function new_project(path)
  return objects.new("ReaProject*", {
    path = path, tracks = {}, ext = {}, undo = {}, edits = 0, changes = 0, bpm = 120.0, beats = 4, unit = 4, markers = {},
    cursor = 0.0, rolling = false, rolling_since = 0.0, loop = {0.0, 0.0}, play_rate = 1.0,
  })
end

host = {
  project = new_project("first.RPP"), new_project = new_project, resources = resources, os = "Other", now = 1000.0,
  ext = {}, kept = {}, console = {}, asked = {}, answers = {}, started = {}, lights = {}, deferred = {},
  names = {}, paths = {}, unprotected = {}, undo_depth = 0, refresh = 0, sources_open = 0, errors = {},
}

reaper = {}
require("api_project")(reaper, host)
require("api_time")(reaper, host)
require("api_host")(reaper, host)

function host.make_folder(path)
  assert(not path:find("'"), path)
  return os.execute(("mkdir -p '%s'"):format(path)) and 1 or 0
end

function host.register(path)
  for command_id, known in pairs(host.paths) do
    if known == path then
      return command_id
    end
  end
  local command_id = 50000 + #host.names + 1
  for _ in pairs(host.names) do
    command_id = command_id + 1
  end
  host.paths[command_id] = path
  host.names[command_id] = ("RS%040x"):format(command_id)
  return command_id
end

-- A script's own world: the standard library, `reaper`, and modules that nobody shares.
local function world()
  local loaded = {}
  local env = {package = {path = ""}, reaper = reaper}
  for _, name in ipairs({
    "assert", "debug", "error", "io", "ipairs", "math", "next", "os", "pairs", "pcall", "print", "rawget", "select",
    "setmetatable", "string", "table", "tonumber", "tostring", "type", "utf8", "xpcall",
  }) do
    env[name] = _G[name]
  end
  function env.require(name)
    if loaded[name] == nil then
      local path = assert(package.searchpath(name, env.package.path))
      loaded[name] = assert(loadfile(path, "t", env))() or true
    end
    return loaded[name]
  end
  return setmetatable(env, {
    __newindex = function(_, key) error("a global that nobody declared: " .. tostring(key), 2) end,
    __index = function(_, key) error("a global that is not there: " .. tostring(key), 2) end,
  })
end

local function within(script, work)
  local before = host.current
  host.current = script
  local ok, trouble = xpcall(work, debug.traceback)
  host.current = before
  if not ok then
    host.errors[#host.errors + 1] = trouble
  end
  assert(host.undo_depth == 0 and host.refresh == 0, "an undo block or a frozen screen was left behind")
end

function host.run(path, control)
  local script = {path = path, command_id = host.register(path), control = control}
  within(script, function() assert(loadfile(path, "t", world()))() end)
  return script
end

local function scripts()
  return resources .. "/Scripts/ResonantGen/"
end

-- A function of one of our modules, called as a script of its own would.
function host.call(module, name, ...)
  local env, given, result = world(), table.pack(...), nil
  env.package.path = scripts() .. "?.lua"
  within({path = scripts() .. "test.lua", command_id = -1}, function()
    result = table.pack(env.require("resonantgen." .. module)[name](table.unpack(given, 1, given.n)))
  end)
  return result and table.unpack(result, 1, result.n)
end

-- One of our scripts by its name, as a key would run it; `control` as a surface would: {value=, text=}.
function host.action(name, control)
  return host.run(("%sResonantGen - %s.lua"):format(scripts(), name), control)
end

-- One turn of everything that waits for its next turn.
function host.turn(now)
  host.now = math.max(host.now, now)
  local due = host.deferred
  host.deferred = {}
  for _, one in ipairs(due) do
    if not one.script.ended then
      within(one.script, one.work)
    end
  end
end

function host.finish(script)
  script.ended = true
  if script.atexit then
    within(script, script.atexit)
  end
end

-- What the musician changes by hand.
function host.musician(work)
  host.undo_depth = 1
  work(host.project)
  host.undo_depth = 0
  host.project.changes = host.project.changes + 1
end

-- The project as the tests look at it.
function host.seen(project)
  local found = {}
  for index, track in ipairs((project or host.project).tracks) do
    local items = {}
    for at, item in ipairs(track.items) do
      local takes = {}
      for number, take in ipairs(item.takes) do
        takes[number] = {
          name = take.texts.P_NAME, path = take.source and take.source.path or "",
          rate = take.values.D_PLAYRATE, offset = take.values.D_STARTOFFS,
        }
      end
      items[at] = {
        at = item.values.D_POSITION, length = item.values.D_LENGTH, locked = item.values.C_LOCK == 1,
        color = item.values.I_CUSTOMCOLOR, active = item.active, takes = json.list(takes),
        fades = item.values.D_FADEINLEN + item.values.D_FADEOUTLEN + item.values.D_FADEINLEN_AUTO
          + item.values.D_FADEOUTLEN_AUTO,
      }
    end
    found[index] = {
      name = track.texts.P_NAME, id = track.texts["P_EXT:resonantgen"] or "",
      depth = track.values.I_FOLDERDEPTH, color = track.values.I_CUSTOMCOLOR, items = json.list(items),
    }
  end
  return json.list(found)
end

while true do
  local size = io.read("l")
  if not size then
    break
  end
  local chunk = io.read(math.tointeger(tonumber(size)))
  local work, mistake = load(chunk, "test")
  local ok, result = xpcall(work or function() error(mistake) end, debug.traceback)
  local answer = json.encode({ok = ok, result = result})
  io.write(#answer, "\n", answer)
  io.flush()
end
