-- Carries out what a test asks: a chunk of Lua a line, with \n for line ends; the answer is one line as well,
-- `true` or `false` and what the chunk returned, or the error.
local orders = io.open(os.getenv("RG_ORDERS"), "r")
local answers = io.open(os.getenv("RG_ANSWERS"), "w")
local function carry_out(line) local chunk, why = load((line:gsub("\\n", "\n"))) if not chunk then return false, why end return pcall(chunk) end
for line in orders:lines() do local done, result = carry_out(line) answers:write(tostring(done), "\t", (tostring(result):gsub("\n", " ")), "\n") answers:flush() end
if Session then close_session() end
quit()
