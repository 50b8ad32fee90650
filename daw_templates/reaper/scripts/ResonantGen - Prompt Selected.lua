-- Asks for words, and makes a take of the selected tracks of the band by them.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("resonantgen.actions").prompt_track("selected")
