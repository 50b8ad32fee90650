"use strict";
// From the engine to the widgets. Showing a value never sends anything.
const assert = require("assert");
const {World, TRACKS} = require("../model/world");

function connected() {
    const world = new World();
    world.connect();
    world.forget_sent();
    return world;
}

test("state and progress of a track are words, a light and a bar", () => {
    const world = connected();
    const seen = [];
    for (const state of ["empty", "queued", "generating", "ready", "failed"]) {
        world.say("/rg/track/bass/state", state);
        seen.push([world.widget("bass", "state").text, world.widget("bass", "light").color.join(" ")]);
    }
    assert.deepStrictEqual(seen.map(([text]) => text), ["empty", "queued", "making 0%", "ready", "failed"]);
    assert.strictEqual(new Set(seen.map(([, color]) => color)).size, 5);
    world.say("/rg/track/bass/state", "generating");
    world.say("/rg/track/bass/progress", 0.42);
    assert.strictEqual(world.widget("bass", "state").text, "making 42%");
    assert.ok(Math.abs(world.widget("bass", "progress").level - 0.42) < 1e-6);
    world.say("/rg/track/bass/state", "ready");
    assert.strictEqual(world.widget("bass", "progress").level, 0);
    assert.strictEqual(world.widget("drums", "state").text, "empty");
});

test("lock, take, volume and every parameter show what the engine says", () => {
    const world = connected();
    TRACKS.forEach((track, index) => {
        world.say(`/rg/track/${track}/lock`, 1);
        world.say(`/rg/track/${track}/take`, index + 1, 4);
        world.say(`/rg/track/${track}/volume`, -6 - index);
        assert.strictEqual(world.widget(track, "lock").number, 1);
        assert.strictEqual(world.widget(track, "take").text, `${index + 1}/4`);
        assert.strictEqual(world.widget(track, "volume").number, -6 - index);
        for (const name of ["density", "energy", "brightness", "swing", "humanize", "glide", "drive"]) {
            world.say(`/rg/track/${track}/param`, name, 0.25);
            assert.strictEqual(world.widget(track, name).number, 25);
        }
        world.say(`/rg/track/${track}/param`, "octave", -1);
        assert.strictEqual(world.widget(track, "octave").number, -1);
    });
    assert.deepStrictEqual(world.network.sent, []);
});

test("silence is the lowest volume that the box knows", () => {
    const world = connected();
    world.say("/rg/track/drums/volume", -120);
    assert.strictEqual(world.widget("drums", "volume").number, -70);
});

test("levels move, and fall when the transport stops", () => {
    const world = connected();
    for (const [level_db, share] of [[6, 1], [-27, 0.5], [-60, 0], [-120, 0], [24, 1]]) {
        world.say("/rg/track/melody/level", level_db);
        assert.strictEqual(world.widget("melody", "level").level, share);
    }
    world.say("/rg/track/melody/level", -27);
    world.say("/rg/playing", 0);
    assert.strictEqual(world.widget("melody", "level").level, 0);
});

test("the frame is one line: tempo, signature, key, and the clock that leads", () => {
    const world = connected();
    world.say("/rg/tempo", 127.5);
    world.say("/rg/signature", 7, 8);
    world.say("/rg/key", "F#m");
    world.say("/rg/clock/active", "osc", "Max for Live");
    assert.strictEqual(world.widget("set", "frame").text, "127.50 bpm | 7/8 | F#m | clock: osc");
    world.say("/rg/bars", 16);
    world.say("/rg/when", "manual");
    assert.strictEqual(world.widget("set", "bars").number, 16);
    assert.strictEqual(world.widget("set", "when").number, 4);
    assert.deepStrictEqual(world.network.sent, []);
});

test("the log line tells what the engine has to say", () => {
    const world = connected();
    world.say("/rg/log", "warning", "the disk is full");
    assert.strictEqual(world.log, "the disk is full");
    world.say("/rg/context/conflict", "key", "C", "Am", "the bass stays in Am");
    assert.strictEqual(world.log, "the bass stays in Am");
    world.say("/rg/fail", "/rg/bars", -1, "range", "bars 99 is outside 1 to 64");
    assert.strictEqual(world.log, "/rg/bars failed: bars 99 is outside 1 to 64");
});

test("other clients' requests are none of its business", () => {
    const world = connected();
    const before = world.log;
    world.say("/rg/done", "/rg/generate", 3);
    world.say("/rg/fail", "/rg/generate", 3, "busy", "not ours");
    assert.strictEqual(world.log, before);
});

test("addresses and tracks that it does not know are passed over", () => {
    const world = connected();
    world.say("/rg/track/vocal/state", "ready");
    world.say("/rg/track/vocal/stem", "vocal_120bpm_Am_1bars_t1.wav", 120.5, "Am", 1, 1);
    world.say("/rg/beat", 1, 1, 120.5);
    world.say("/rg/something/new", 1, 2, 3);
    world.say("/rg/track/drums/pan", 0.5);
    assert.deepStrictEqual(world.patch.errors, []);
    assert.deepStrictEqual(world.network.sent, []);
});

test("a knob that is being turned does not jump back to what the engine still says", () => {
    const world = connected();
    const volume = world.widget("drums", "volume");
    volume.turn(-10);
    volume.turn(-20);
    world.say("/rg/track/drums/volume", -10);
    assert.strictEqual(volume.number, -20);
    world.say("/rg/track/drums/volume", -20);
    world.say("/rg/track/drums/volume", -3);
    assert.strictEqual(volume.number, -3);
});

test("what the engine refuses is set right: it says the true value, then why", () => {
    const world = connected();
    const bars = world.widget("set", "bars");
    world.say("/rg/bars", 8);
    bars.turn(64);
    world.say("/rg/bars", 8);
    assert.strictEqual(bars.number, 64);
    world.say("/rg/fail", "/rg/bars", -1, "range", "too long to hold");
    assert.strictEqual(bars.number, 8);
});

test("what the engine does not confirm gives way to its word after two seconds", () => {
    const world = connected();
    const bars = world.widget("set", "bars");
    bars.turn(32);
    world.say("/rg/bars", 8);
    world.wait(2100);
    assert.strictEqual(bars.number, 8);
});

test("a widget is not told what it shows already: Live would take that for a hand", () => {
    const world = connected();
    const volume = world.widget("drums", "volume");
    const told = [];
    volume.receive = (inlet, atoms) => told.push(atoms);
    volume.turn(-10);
    world.say("/rg/track/drums/volume", -10);
    world.say("/rg/track/drums/volume", -10);
    world.dump([["/rg/track/drums/volume", -10]]);
    assert.deepStrictEqual(told, []);
    world.say("/rg/track/drums/volume", -4);
    assert.deepStrictEqual(told, [["set", -4]]);
});
