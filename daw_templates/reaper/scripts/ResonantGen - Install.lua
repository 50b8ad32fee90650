-- Puts every script of ours into the action list. Run it once; running it again does no harm.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("resonantgen.installing").register_all(folder)
