-- REAPER's own input box, for prompts.

local dialog = {}

-- REAPER's box cuts captions and fields at commas, unless another sign is named.
local CAPTION = "%s,separator=\n,extrawidth=360"

local function trimmed(text)
  return text:match("^%s*(.-)%s*$")
end

-- What the musician typed, `before` offered again; nil where it was cancelled.
function dialog.ask(title, caption, before)
  local is_ok, text = reaper.GetUserInputs(title, 1, CAPTION:format(caption), before or "")
  return is_ok and trimmed(text) or nil
end

return dialog
