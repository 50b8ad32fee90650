// Open Stage Control as far as its documentation describes it and our session uses it: widgets that send, hear
// and run scripts, over a real UDP socket. Driven by one JSON object a line on stdin, answers on stdout.
//
//   node open_stage_control.cjs session.json ENGINE_PORT
//   {"do": "press", "id": "launch"}     {"do": "read", "id": "drums_lock"}     {"do": "tick", "ms": 1000}
//
// Time stands still but for `tick`: intervals of the session's scripts run then.
"use strict"

const dgram = require("dgram")
const fs = require("fs")
const readline = require("readline")

const {decoded, encoded} = require("./osc_packets.cjs")

const [, , sessionPath, enginePort] = process.argv
const widgets = new Map()
const intervals = []
let nowMs = 1e6

// Types as the server of the program chooses them: said, else by what the value is.
function send(address, args, typeTags) {
    let last = ""
    const typed = args.filter((arg) => arg !== null).map((arg, i) => {
        if (typeof arg === "object" && arg.type) return [arg.type, arg.value]
        last = typeTags[i] || last
        return [last || (typeof arg === "number" ? "f" : "s"), arg]
    })
    socket.send(encoded(address, typed), enginePort, "127.0.0.1")
    sent.push({address, args: typed.map(([, value]) => value), tags: typed.map(([tag]) => tag).join("")})
}

// --- widgets -----------------------------------------------------------------------------------

const asList = (value) => (Array.isArray(value) ? value : value === undefined || value === "" ? [] : [value])
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
const rounded = (value, decimals) => (typeof value === "number" ? Number(value.toFixed(decimals)) : value)

class Widget {
    constructor(props) {
        this.props = props
        this.id = props.id
        this.locals = {}
        this.value = props.default === undefined ? "" : props.default
        if (props.onValue) this.onValue = compiled(props.onValue, ["value", "id"])
        widgets.set(this.id, this)
    }

    address() {
        return this.props.address || "/" + this.id
    }

    // `heard`: from outside; then nothing is sent, by the widget or by its script.
    setValue(value, options) {
        if (!this.accepts(value, options)) return
        if (options.send && !this.props.bypass) this.sendValue()
        if (this.onValue) run(this, this.onValue, [this.value, this.id], options)
    }

    accepts(value) {
        this.value = value
        return true
    }

    sendValue() {
        const decimals = this.props.decimals === undefined ? 2 : this.props.decimals
        const values = asList(this.props.preArgs).concat(this.sentValue())
        send(this.address(), values.map((value) => rounded(value, decimals)), this.props.typeTags || "")
    }

    sentValue() {
        return this.value
    }

    hear(args) {
        const before = asList(this.props.preArgs)
        if (args.length < before.length || !before.every((arg, i) => arg === args[i])) return
        const rest = args.slice(before.length)
        this.setValue(rest.length < 2 ? rest[0] : rest, {send: false, heard: true})
    }
}

class Button extends Widget {
    constructor(props) {
        super({on: 1, off: 0, mode: "toggle", ...props})
        this.value = this.props.off
    }

    touch() {
        const {mode, on, off} = this.props
        const wanted = mode === "toggle" && same(this.value, on) ? off : on
        this.setValue(mode === "momentary" ? null : wanted, {send: true, touched: true})
    }

    accepts(value, options) {
        const {mode, on, off, decoupled} = this.props
        if (mode === "momentary" || mode === "tap") {
            this.wanted = mode === "tap" ? on : null
            return options.touched || same(value, on)
        }
        if (!same(value, on) && !same(value, off)) return false
        this.wanted = value
        if (!decoupled || options.heard) this.value = value
        return true
    }

    sentValue() {
        return this.wanted
    }
}

class Slider extends Widget {
    ends() {
        const values = Object.values(this.props.range)
        return [Math.min(...values), Math.max(...values)]
    }

    accepts(value) {
        if (typeof value !== "number") return false
        const [low, high] = this.ends()
        this.value = Math.min(high, Math.max(low, value))
        return true
    }
}

class Input extends Widget {
    accepts(value) {
        try {
            this.value = JSON.parse(value)
        } catch {
            this.value = value
        }
        return true
    }
}

class Menu extends Widget {
    offered() {
        const values = resolved(this.props.values) || []
        return Array.isArray(values) ? {labels: values, values} : values
    }

    accepts(value) {
        this.value = this.offered().values.find((one) => same(one, value))
        return true
    }

    choose(label) {
        const {labels, values} = this.offered()
        this.setValue(values[labels.indexOf(label)], {send: true})
    }
}

class Text extends Widget {
    accepts(value) {
        this.value = value === "" || value === null ? this.props.default : value
        return true
    }
}

class Led extends Widget {
    accepts(value) {
        if (typeof value === "number") this.value = value
        return typeof value === "number"
    }
}

const CLASSES = {
    button: Button, fader: Slider, knob: Slider, input: Input, dropdown: Menu, switch: Menu, text: Text, led: Led,
    variable: Widget, panel: Widget, tab: Widget, root: Widget,
}

function create(props) {
    if (!CLASSES[props.type]) throw new Error("no widget is called " + props.type)
    if (widgets.has(props.id)) throw new Error("two widgets are called " + props.id)
    const widget = new CLASSES[props.type](props)
    for (const child of [...(props.widgets || []), ...(props.tabs || [])]) create(child)
    if (props.onCreate) created.push(widget)
}

// "@{id}": the value of another widget.
function resolved(prop) {
    const link = typeof prop === "string" && /^@\{(\w+)\}$/.exec(prop)
    return link ? widgets.get(link[1]).value : prop
}

// --- scripts -----------------------------------------------------------------------------------

let running = {widget: null, options: {}}
const api = {
    get: (id) => existing(id).value,
    set: (id, value, extra = {}) => {
        const send = extra.send === false ? false : running.options.send
        existing(id).setValue(value, {...running.options, touched: false, send})
    },
    getProp: (id, name) => resolved(existing(id).props[name]),
    send: (address, ...args) => {
        if (running.options.send) send(address, args, "")
    },
    setInterval: (id, callback, everyMs) => {
        intervals.push({callback, everyMs, dueMs: nowMs + everyMs, ...running})
    },
    Date: {now: () => nowMs},
    globals: {}, // of all widgets
}

function existing(id) {
    if (!widgets.has(id)) throw new Error("no widget is called " + id)
    return widgets.get(id)
}

function compiled(code, names) {
    return new Function(...names, "locals", ...Object.keys(api), '"use strict";' + code)
}

function run(widget, script, values, options) {
    const before = running
    running = {widget, options}
    try {
        script(...values, widget.locals, ...Object.values(api))
    } finally {
        running = before
    }
}

function tick(ms) {
    const untilMs = nowMs + ms
    for (;;) {
        const due = intervals.filter((one) => one.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0]
        if (!due) break
        nowMs = due.dueMs
        due.dueMs += due.everyMs
        const before = running
        running = {widget: due.widget, options: due.options}
        due.callback()
        running = before
    }
    nowMs = untilMs
}

// --- what the test does ------------------------------------------------------------------------

const created = []
const sent = []
const waiting = []
const arrived = []
const hands = {
    press: ({id}) => existing(id).touch(),
    slide: ({id, value}) => existing(id).setValue(value, {send: true}),
    type: ({id, value}) => existing(id).setValue(value, {send: true}),
    choose: ({id, value}) => existing(id).choose(value),
    read: ({id}) => existing(id).value,
    tick: ({ms}) => tick(ms),
    sleep: ({ms}) => {
        nowMs += ms
        for (const one of intervals) one.dueMs = nowMs
    },
    sent: () => sent.splice(0),
}

const answer = (value) => process.stdout.write(JSON.stringify(value === undefined ? null : value) + "\n")

function isShown({id, value, like}) {
    const shown = existing(id).value
    return like === undefined ? same(shown, value) : new RegExp(like, "m").test(shown)
}

// A message that has arrived and that nobody took yet.
function isTaken({address}) {
    const place = arrived.indexOf(address)
    if (place >= 0) arrived.splice(place, 1)
    return place >= 0
}

function settle() {
    for (const one of [...waiting]) {
        if (!(one.address ? isTaken(one) : isShown(one))) continue
        waiting.splice(waiting.indexOf(one), 1)
        answer(true)
    }
}

const socket = dgram.createSocket("udp4")
socket.on("error", () => {})  // the engine is not there: Windows tells senders of UDP
socket.on("message", (bytes) => {
    const {address, args} = decoded(bytes)
    for (const widget of widgets.values()) if (widget.address() === address) widget.hear(args)
    arrived.push(address)
    settle()
})
socket.bind(0, "127.0.0.1", () => {
    create(JSON.parse(fs.readFileSync(sessionPath, "utf8")).content)
    for (const widget of created) {
        run(widget, compiled(widget.props.onCreate, ["value"]), [widget.value], {send: true, sync: true})
    }
    readline.createInterface({input: process.stdin}).on("line", (line) => {
        const order = JSON.parse(line)
        if (order.do === "wait" || order.do === "take") {
            waiting.push(order)
            settle()
        } else {
            answer(hands[order.do](order))
        }
    }).on("close", () => process.exit(0))
    answer("ready")
})
