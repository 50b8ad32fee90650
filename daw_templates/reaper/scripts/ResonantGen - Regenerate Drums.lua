-- Another take of the drums, in the context of the others.
local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "?.lua;" .. package.path
require("resonantgen.actions").regenerate("drums")
