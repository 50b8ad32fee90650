// Runs once, when the session opens. Says hello until the engine answers, stays subscribed by sending a ping
// (the engine forgets clients that are silent for 30 seconds), and says hello again when answers stopped
// coming, or when this tablet slept. `answered` (set by the answers) holds when the last one came, in ms.

var TICK_MS = 1000
var PING_EVERY_TICKS = 5
var LOST_MS = 12000

function hello() {
    send("/rg/hello", {type: "s", value: "Open Stage Control"}, {type: "i", value: 0})
    ask()
}

function ask() {
    locals.changes = get("changes")
    getProp("root", "variables").questions.forEach(function(address) {
        send(address)
    })
}

function tick() {
    var now = Date.now()
    var slept = now - locals.ticked > LOST_MS
    var lost = now - (get("answered") || 0) > LOST_MS
    locals.ticked = now
    locals.ticks += 1
    if (lost) set("connected", 0, {send: false})
    if (lost || slept) hello()
    else if (locals.ticks % PING_EVERY_TICKS === 0) send("/rg/ping")
    if (get("changes") !== locals.changes) ask()
}

locals.ticks = 0
locals.ticked = Date.now()
hello()
setInterval("tick", tick, TICK_MS)
