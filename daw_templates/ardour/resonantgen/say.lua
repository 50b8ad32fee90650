-- Windows of one line.

local say = {}

function say.message(text)
  LuaDialog.Message("ResonantGen", text, LuaDialog.MessageType.Info, LuaDialog.ButtonType.Close):run()
end

function say.problem(text)
  LuaDialog.Message("ResonantGen", text, LuaDialog.MessageType.Warning, LuaDialog.ButtonType.Close):run()
end

return say
