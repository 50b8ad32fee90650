"use strict";
// Live with devices in it beside a real engine: real UDP, real files, and time that runs SPEED times faster for the
// device's own ticks. Reads a line of JSON each: {js} is evaluated, {until} is waited for; answers {value} or {error}.

const readline = require("readline");
const {RealClock} = require("./model/clock");
const {Live} = require("./model/live");
const {RealNetwork} = require("./model/networks");
const {Patch} = require("./model/patch");

const SPEED = 5;
const LOOK_MS = 4;

const clock = new RealClock(SPEED);
const devices = [];
const networks = [];
let live;

function open(saved = {}) {
    const network = new RealNetwork();
    networks.push(network);
    devices.push(new Patch({folder: process.env.DEVICE_FOLDER, clock, network, live, saved}));
    return devices.length - 1;
}

// Another Set, with nothing in it.
function close() {
    devices.splice(0).forEach((device) => device.remove());
    networks.splice(0).forEach((network) => network.close());
    live = words.live = new Live(clock);
}

// What tests say; `device` counts from 0.
const words = {
    devices, networks, open, close,
    widget: (group, name, device = 0) => devices[device].widget(group, name),
    press: (group, name, device = 0) => devices[device].widget(group, name).click(),
    type: (group, name, text, device = 0) => devices[device].widget(group, name).type(text),
    text: (group, name, device = 0) => devices[device].widget(group, name).text,
    light: (device = 0) => devices[device].widget("set", "connection").color,
    number: (group, name, device = 0) => devices[device].widget(group, name).number,
    change: (name, value) => live.change(live.song, name, value),
    tracks: () => live.song.tracks.map((track) => track.values.name),
    clips: () => live.song.tracks.map((track) => track.clip_slots.filter((slot) => slot.clip).map((slot) => slot.clip.values)),
    errors: () => [...live.errors, ...devices.flatMap((device) => device.errors)]
};

function evaluate(code) {
    return new Function(...Object.keys(words), `return (${code});`)(...Object.values(words));
}

async function until(code, limit_ms) {
    const end = Date.now() + limit_ms;
    while (Date.now() < end) {
        const value = evaluate(code);
        if (value) {
            return value;
        }
        await new Promise((done) => setTimeout(done, LOOK_MS));
    }
    const seen = {
        logs: devices.map((device) => device.widget("set", "log").text),
        ports: devices.map((device) => device.receiver.port),
        refused: networks.map((network) => network.refused),
        errors: words.errors()
    };
    throw new Error(`not in ${limit_ms} ms: ${code}; ${JSON.stringify(seen)}`);
}

async function main() {
    close();
    for await (const line of readline.createInterface({input: process.stdin})) {
        const {js, until: wanted, limit_ms} = JSON.parse(line);
        try {
            const value = wanted ? await until(wanted, limit_ms) : evaluate(js);
            console.log(JSON.stringify({value: value === undefined ? null : value}));
        } catch (error) {
            console.log(JSON.stringify({error: String(error.stack || error)}));
        }
    }
    process.exit(0);
}

main();
