-- Whether REAPER starts and stops with the engine (a pad, another program), or is led by nobody.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("resonantgen.actions").transport_follows()
