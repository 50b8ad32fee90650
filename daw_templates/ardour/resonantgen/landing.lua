-- Stems become regions: each on the track of its name, from one bar on.

local rg = ...
local landing = {}

local function exists(path)
  return ARDOUR.LuaAPI.file_test(path, ARDOUR.LuaAPI.FileTest.Exists)
end

-- What the engine plays now, of its values: {{track, path}, …}, and the tracks whose file is not there.
function landing.stems(values)
  local folder = values["/rg/set/folder"][1]
  local found, missing = {}, {}
  for _, name in ipairs(rg.band.TRACKS) do
    local stem = values["/rg/track/" .. name .. "/stem"]
    if stem and stem[1] ~= "" then
      local path = ARDOUR.LuaAPI.build_filename(folder, "stems", stem[1])
      table.insert(exists(path) and found or missing, {track = name, path = path})
    end
  end
  return found, missing
end

-- Ardour imports to the track it is given, or in older versions to the one that is selected: so it is both.
local function select(track)
  local selection = ArdourUI.SelectionList()
  selection:push_back(Editor:rtav_from_route(track:to_route()))
  Editor:set_selection(selection, ArdourUI.SelectionOp.Set)
end

-- A stem at a sample; on a new track where the session has none of its name.
function landing.land(stem, sample)
  local files = C.StringVector()
  files:push_back(stem.path)
  local track, mode = rg.band.track(stem.track), Editing.ImportToTrack
  if track then
    select(track)
  else
    track, mode = ARDOUR.Track(), Editing.ImportAsTrack
  end
  Editor:do_import(
    files, Editing.ImportDistinctFiles, mode, ARDOUR.SrcQuality.SrcBest,
    ARDOUR.MidiTrackNameSource.SMFTrackName, ARDOUR.MidiTempoMapDisposition.SMFTempoIgnore,
    Temporal.timepos_t(sample), ARDOUR.PluginInfo(), track, false
  )
end

-- The stems that play now, from the bar of the playhead on.
function landing.run()
  local values, why = rg.engine.ask()
  if not values then
    return rg.say.problem(why)
  end
  local stems, missing = landing.stems(values)
  local sample = rg.bars.start(Session:transport_sample())
  for _, stem in ipairs(stems) do
    landing.land(stem, sample)
  end
  if #missing > 0 then
    rg.say.problem("not found: " .. missing[1].path)
  elseif #stems == 0 then
    rg.say.message("the band has not played yet: send it a prompt first")
  end
end

return landing
