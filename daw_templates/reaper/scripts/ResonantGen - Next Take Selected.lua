-- Round and round through the takes of the selected tracks of the band.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("resonantgen.actions").next_take("selected")
