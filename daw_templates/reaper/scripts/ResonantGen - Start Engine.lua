-- Starts the engine where none is running.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("resonantgen.actions").start_engine()
