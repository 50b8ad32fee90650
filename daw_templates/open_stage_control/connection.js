// Runs once, when the session opens. Says hello until the engine answers, and stays subscribed by a ping each second
// (the engine forgets clients that are silent for 30 seconds). Says hello again when this tablet slept, and when a
// ping was not answered: then a packet was lost, perhaps more than one, or the engine was started anew and knows
// nobody; its hello brings everything up to date. All tablets have one connection, and hear each other's answers:
// each knows its pings by their numbers. `answered` (set by the answers) holds when the last one came, in ms.

var TICK_MS = 1000
var LOST_MS = 12000
var NUMBERS = 1e6 // of each tablet, among a thousand

function hello() {
    globals.greeted = false
    send("/rg/hello", {type: "s", value: "Open Stage Control"}, {type: "i", value: 0})
    ask()
}

function ping() {
    globals.pinged += 1
    send("/rg/ping", {type: "i", value: globals.pinged})
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
    locals.ticked = now
    if (now - (get("answered") || 0) > LOST_MS) set("connected", 0, {send: false})
    if (slept || !globals.greeted || globals.ponged !== globals.pinged) {
        globals.ponged = globals.pinged
        hello()
    } else {
        ping()
    }
    if (get("changes") !== locals.changes) ask()
}

locals.ticked = Date.now()
globals.pinged = globals.ponged = Math.floor(Math.random() * 1000) * NUMBERS
hello()
setInterval("tick", tick, TICK_MS)
