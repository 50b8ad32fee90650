-- Where the engine is. Yours to change: an update leaves a changed file as it is.

return {
  host = "127.0.0.1",
  port = 9130, -- [osc] port of the engine
  mailbox = "", -- [reaper] mailbox of the engine: the folder in which its answers come; "": the usual one
}
