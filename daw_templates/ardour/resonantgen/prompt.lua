-- The dialog that a prompt is written in.

local rg = ...
local prompt = {}

local ALL = "every track that is not locked"

-- "all", or a track's name, by what the dialog shows.
local function targets()
  local values = {[ALL] = "all"}
  for _, track in ipairs(rg.band.TRACKS) do
    values[track .. ", in the context of the others"] = track
  end
  return values
end

-- What a filled-in dialog asks of the engine.
function prompt.send(text, target)
  if target ~= "all" then
    rg.engine.send("/rg/track/" .. target .. "/regenerate", "s", text)
  elseif text ~= "" then
    rg.engine.send("/rg/generate", "s", text)
  end
end

function prompt.run()
  local answer = LuaDialog.Dialog("ResonantGen", {
    {type = "heading", title = "What shall the band play?"},
    {type = "entry", key = "text", title = "Prompt", default = ""},
    {type = "dropdown", key = "target", title = "Who", values = targets(), default = ALL},
  }):run()
  if answer then
    prompt.send(answer.text, answer.target)
  end
end

return prompt
