-- Locks the melody, or unlocks: what is locked stays as it is.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("resonantgen.actions").lock("melody")
