-- What the engine has told so far: the newest value of everything that the other parts look at.

local Band = {}
Band.__index = Band

function Band.new()
  return setmetatable({tracks = {}, names = {}}, Band)
end

-- A track's values; it is made when it is first heard of, in the engine's order.
function Band:track(name)
  if not self.tracks[name] then
    self.tracks[name] = {locked = false, take = 0, takes = 0}
    self.names[#self.names + 1] = name
  end
  return self.tracks[name]
end

function Band:has_stems()
  for _, track in pairs(self.tracks) do
    if track.stem and track.take > 0 then
      return true
    end
  end
  return false
end

local of_a_track = {
  state = function(track, state) track.state = state end,
  lock = function(track, on) track.locked = on == 1 end,
  take = function(track, number, count) track.take, track.takes = number, count end,
  stem = function(track, file, tempo_bpm, key, bars)
    track.stem = {file = file, tempo_bpm = tempo_bpm, key = key, bars = bars, take = track.take}
  end,
}

local of_the_set = {
  ["/rg/set/open"] = function(band)
    for _, track in pairs(band.tracks) do
      track.stem = nil -- of the set before
    end
  end,
  ["/rg/set/folder"] = function(band, folder) band.folder = folder end,
  ["/rg/tempo"] = function(band, tempo_bpm) band.tempo_bpm = tempo_bpm end,
  ["/rg/signature"] = function(band, beats, unit) band.beats, band.unit = beats, unit end,
  ["/rg/playing"] = function(band, on) band.is_playing = on == 1 end,
}

-- The track and the value that a message is about: "bass", "stem".
function Band.parts(address)
  return address:match("^/rg/track/([^/]+)/(%w+)$")
end

function Band:apply(message)
  local name, value = Band.parts(message.address)
  if name and of_a_track[value] then
    of_a_track[value](self:track(name), table.unpack(message.args))
  elseif of_the_set[message.address] then
    of_the_set[message.address](self, table.unpack(message.args))
  end
end

return Band
