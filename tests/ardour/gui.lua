-- What Ardour's window adds to its Lua, as far as the scripts use it, after its class reference: dialogs, the
-- editor's selection and import. Everything else in these tests is Ardour itself.

-- What Ardour takes away from actions and hooks.
dofile, require, package, debug, coroutine, rawget, rawset, module = nil
os.exit, os.setlocale = nil

gui = {answers = {}, shown = {}, imported = {}, selected = {}}

local ROWS = {heading = {"title"}, entry = {"key", "title", "default"}, checkbox = {"key", "title", "default"},
  dropdown = {"key", "title", "values", "default"}}

local function check_row(row)
  for _, field in ipairs(assert(ROWS[row.type], "no such row: " .. tostring(row.type))) do
    assert(row[field] ~= nil, row.type .. " lacks " .. field)
  end
  assert(row.type ~= "dropdown" or row.values[row.default] ~= nil, "the default is no choice")
end

local function default_of(row)
  if row.type == "dropdown" then
    return row.values[row.default]
  end
  return row.default
end

LuaDialog = {MessageType = {Info = 0, Warning = 1}, ButtonType = {Close = 1}}

-- Answered with `gui.answers`, what they leave out as it stands; closed where they are nil.
function LuaDialog.Dialog(title, rows)
  table.insert(gui.shown, title)
  local answer = {}
  for _, row in ipairs(rows) do
    check_row(row)
    table.insert(gui.shown, row.title)
    if row.key then
      answer[row.key] = default_of(row)
    end
  end
  return {run = function()
    for key, value in pairs(gui.answers or {}) do
      assert(answer[key] ~= nil, "no such key: " .. key)
      answer[key] = value
    end
    return gui.answers and answer
  end}
end

function LuaDialog.Message(title, text, kind, buttons)
  assert(title and text and kind and buttons)
  table.insert(gui.shown, text)
  return {run = function() return 0 end}
end

ArdourUI = {SelectionOp = {Set = 0}}

function ArdourUI.SelectionList()
  local list = {}
  function list:push_back(view) self.view = view end
  return list
end

Editing = {ImportDistinctFiles = 0, ImportToTrack = 1, ImportAsTrack = 2}
Editor = {}

function Editor:rtav_from_route(route)
  return route:name()
end

function Editor:set_selection(list, op)
  assert(op == ArdourUI.SelectionOp.Set)
  self.chosen = list.view
end

function Editor:get_selection()
  local routes = {}
  for _, name in ipairs(gui.selected) do
    table.insert(routes, Session:route_by_name(name))
  end
  local place = 0
  local function iter() return function() place = place + 1 return routes[place] end end
  return {tracks = {routelist = function() return {iter = iter} end}}
end

-- The arguments are of the types that Ardour's own function takes: each is asked something of its kind.
function Editor:do_import(files, disposition, mode, quality, names, tempo, position, instrument, track, markers)
  assert(files:size() == 1 and disposition == 0 and quality and names and tempo and instrument and markers == false)
  local into = mode == Editing.ImportToTrack and track:name() or "new"
  assert(into == "new" or into == self.chosen)
  table.insert(gui.imported, ("%s|%s|%d"):format(into, files:at(0), position:samples()))
end

LuaSignal = {LuaTimerDS = 1}

function LuaSignal.Set()
  return {add = function(self, signals) assert(signals[LuaSignal.LuaTimerDS]) return self end}
end

-- A script as Ardour takes it: its description, and its factory as bytecode without upvalues.
function gui.load(path)
  local described
  ardour = function(description) described = description end
  assert(loadfile(path))()
  assert(described.name and described.author and described.license and described.description)
  local made = assert(load(string.dump(factory, true)))()
  return described, made
end

function gui.run(name)
  local described, action = gui.load(ARDOUR.user_config_directory(-1) .. "/scripts/" .. name .. ".lua")
  assert(described.type == "EditorAction")
  action()
end
