-- The part of REAPER's API around projects: scripts, actions, settings, transport, files, dialogs.

local objects = require("objects")

return function(reaper, host)
  local function project_of(proj)
    if proj == nil or proj == 0 then
      return host.project
    end
    return objects.check(proj, "ReaProject*", 1, "a function of the project")
  end

  -- Projects

  function reaper.EnumProjects(index)
    assert(index == -1, "the model knows the active project only")
    return host.project, host.project.path
  end

  local function among(list, one)
    for _, other in ipairs(list) do
      if other == one then
        return true
      end
    end
    return false
  end

  function reaper.ValidatePtr2(proj, pointer, kind)
    if not objects.is(pointer, kind) then
      return false
    elseif kind == "MediaItem*" then
      return among(host.all_items(project_of(proj)), pointer)
    elseif kind == "MediaItem_Take*" then
      return among(host.all_items(project_of(proj)), pointer.item) and among(pointer.item.takes, pointer)
    end
    return true
  end

  function reaper.GetProjExtState(proj, name, key)
    local value = project_of(proj).ext[name .. "\0" .. key] or ""
    return #value, value
  end

  function reaper.SetProjExtState(proj, name, key, value)
    project_of(proj).ext[name .. "\0" .. key] = value ~= "" and value or nil
    return 0
  end

  function reaper.GetProjectStateChangeCount(proj)
    return project_of(proj).changes
  end

  -- Undo and drawing

  function reaper.Undo_BeginBlock2(proj)
    project_of(proj)
    host.undo_depth = host.undo_depth + 1
  end

  function reaper.Undo_EndBlock2(proj, what, flags)
    assert(host.undo_depth > 0, "an undo block ends that never began")
    assert(math.type(flags) == "integer")
    host.undo_depth = host.undo_depth - 1
    local project = project_of(proj)
    project.undo[#project.undo + 1] = what
    project.changes = project.changes + 1
  end

  function reaper.PreventUIRefresh(by)
    host.refresh = host.refresh + by
  end

  function reaper.UpdateArrange() end
  function reaper.UpdateTimeline() end

  function reaper.ColorToNative(red, green, blue)
    return red | green << 8 | blue << 16
  end

  -- Settings

  function reaper.GetExtState(section, key)
    return host.ext[section .. "\0" .. key] or ""
  end

  function reaper.SetExtState(section, key, value, persist)
    assert(not persist or not value:find("\n"), "REAPER keeps no text of several lines")
    host.ext[section .. "\0" .. key] = value
    host.kept[section .. "\0" .. key] = persist and value or nil
  end

  -- Transport

  function reaper.GetPlayStateEx(proj)
    return project_of(proj).rolling and 1 or 0
  end

  local function now_at(project)
    local since_s = project.rolling and host.now - project.rolling_since or 0
    return project.cursor + since_s
  end

  function reaper.GetPlayPositionEx(proj)
    return now_at(project_of(proj))
  end

  function reaper.GetCursorPositionEx(proj)
    return project_of(proj).cursor
  end

  function reaper.Master_GetPlayRate(proj)
    return project_of(proj).play_rate
  end

  function reaper.OnPlayButtonEx(proj)
    local project = project_of(proj)
    project.rolling, project.rolling_since = true, host.now
  end

  function reaper.OnStopButtonEx(proj)
    project_of(proj).rolling = false
  end

  function reaper.GetSet_LoopTimeRange2(proj, is_set)
    assert(not is_set, "nobody sets the musician's loop")
    return table.unpack(project_of(proj).loop)
  end

  -- Actions

  function reaper.AddRemoveReaScript(add, section, path, commit)
    assert(add == true and section == 0 and type(commit) == "boolean")
    if not reaper.file_exists(path) then
      return 0
    end
    return host.register(path)
  end

  function reaper.ReverseNamedCommandLookup(command_id)
    return host.names[command_id]
  end

  function reaper.NamedCommandLookup(name)
    for command_id, named in pairs(host.names) do
      if "_" .. named == name then
        return command_id
      end
    end
    return 0
  end

  function reaper.Main_OnCommandEx(command_id)
    host.run(host.paths[command_id])
  end

  function reaper.SetToggleCommandState(section, command_id, state)
    assert(section == 0 and host.paths[command_id], "only scripts have a light of their own")
    host.lights[host.paths[command_id]:match("ResonantGen %- (.*)%.lua$")] = state
    return true
  end

  function reaper.RefreshToolbar2() end

  function reaper.set_action_options(flags)
    host.current.options = flags
  end

  function reaper.get_action_context()
    local script = host.current
    local control = script.control
    local mode = control and 0 or -1
    return control ~= nil, script.path, 0, script.command_id, mode, control and 127 or -1,
      control and control.value or -1, control and control.text or ""
  end

  function reaper.defer(work)
    local script = host.current
    host.deferred[#host.deferred + 1] = {script = script, work = work}
  end

  function reaper.atexit(work)
    host.current.atexit = work
  end

  -- The world

  function reaper.time_precise()
    host.now = host.now + 1e-7
    return host.now
  end

  function reaper.genGuid()
    return objects.guid()
  end

  function reaper.GetOS()
    return host.os
  end

  function reaper.GetResourcePath()
    return host.resources
  end

  function reaper.file_exists(path)
    local file = io.open(path, "rb")
    local is_file = file ~= nil and select(2, file:read(1)) == nil -- a folder opens, and cannot be read
    if file then
      file:close()
    end
    return is_file
  end

  function reaper.EnumerateFiles(folder, index)
    local listing = io.popen(("ls -1 '%s'"):format(folder))
    local names = {}
    for name in listing:lines() do
      names[#names + 1] = name
    end
    listing:close()
    return names[index + 1]
  end

  function reaper.RecursiveCreateDirectory(path)
    return host.make_folder(path)
  end

  function reaper.ShowConsoleMsg(text)
    host.console[#host.console + 1] = text
  end

  function reaper.GetUserInputs(title, count, captions, before)
    assert(count == 1 and select(2, captions:gsub("[^,]*,separator=\n,extrawidth=%d+$", "")) == 1, captions)
    host.asked[#host.asked + 1] = {title, captions, before}
    local answer = table.remove(host.answers, 1)
    return answer ~= nil and answer ~= false, answer or before
  end

  function reaper.ExecProcess(command, timeout_ms)
    host.started[#host.started + 1] = {command, timeout_ms}
    return timeout_ms < 0 and "" or "0\n"
  end
end
