"use strict";
// Live leads: what the engine hears of tempo, signature, scale and transport.
const assert = require("assert");
const {World} = require("../model/world");

function connected(before = () => {}) {
    const world = new World({before});
    world.connect();
    return world;
}

function change(world, values) {
    Object.entries(values).forEach(([name, value]) => world.live.change(world.live.song, name, value));
    world.wait(60);
}

test("on connecting, the engine hears Live's frame", () => {
    const world = connected(({live}) => Object.assign(live.song.values, {tempo: 97.5, signature_numerator: 3}));
    assert.deepStrictEqual(world.sent("/rg/tempo"), [[97.5]]);
    assert.deepStrictEqual(world.sent("/rg/signature"), [[3, 4]]);
    assert.deepStrictEqual(world.sent("/rg/key"), []);
    const [[beat, tempo, rolling]] = world.sent("/rg/clock/position");
    assert.deepStrictEqual([beat, tempo, rolling], [0, 97.5, 0]);
});

test("the scale is told on connecting only where Live's scale mode is on", () => {
    const world = connected(({live}) => Object.assign(live.song.values, {scale_mode: 1, root_note: 9, scale_name: "Minor"}));
    assert.deepStrictEqual(world.sent("/rg/key"), [["A minor"]]);
});

test("the scale is told when Live's scale mode is switched on, and not again when it goes off", () => {
    const world = connected(({live}) => Object.assign(live.song.values, {root_note: 2, scale_name: "Dorian"}));
    world.forget_sent();
    change(world, {scale_mode: 1});
    change(world, {scale_mode: 0});
    change(world, {scale_mode: 1});
    assert.deepStrictEqual(world.network.sent, [["/rg/key", "D dorian"]]);
});

test("changes are told once they have settled", () => {
    const world = connected();
    world.forget_sent();
    change(world, {signature_numerator: 7, signature_denominator: 8});
    change(world, {tempo: 128});
    change(world, {root_note: 6, scale_name: "Dorian"});
    assert.deepStrictEqual(world.network.sent, [["/rg/signature", 7, 8], ["/rg/tempo", 128], ["/rg/key", "F# dorian"]]);
});

test("what has changed back before it settled is not told", () => {
    const world = connected();
    world.forget_sent();
    change(world, {signature_numerator: 3});
    world.live.change(world.live.song, "signature_numerator", 5);
    world.wait(10);
    world.live.change(world.live.song, "signature_numerator", 3);
    world.wait(60);
    assert.deepStrictEqual(world.network.sent, [["/rg/signature", 3, 4]]);
});

test("tempo automation is thinned, and its last value arrives", () => {
    const world = connected();
    world.forget_sent();
    for (let step = 0; step < 100; step += 1) {
        world.live.change(world.live.song, "tempo", 120 + step / 10);
        world.wait(10);
    }
    world.wait(60);
    const tempos = world.sent("/rg/tempo").map(([tempo]) => tempo);
    assert.ok(tempos.length >= 10 && tempos.length <= 30, String(tempos.length));
    assert.ok(Math.abs(tempos[tempos.length - 1] - 129.9) < 1e-4);
});

test("what comes from the engine is never sent back, nor set in Live", () => {
    const world = connected();
    world.forget_sent();
    const before = world.live.snapshot();
    world.say("/rg/tempo", 150.5);
    world.say("/rg/signature", 5, 4);
    world.say("/rg/key", "Cm");
    world.say("/rg/playing", 1);
    world.wait(500);
    assert.deepStrictEqual(world.network.sent, []);
    assert.strictEqual(world.live.snapshot(), before);
});

test("a tempo or a scale that the engine does not have stays out, with a word", () => {
    const world = connected();
    world.forget_sent();
    change(world, {tempo: 20});
    assert.ok(world.log.startsWith("Live's tempo is outside 40 to 240"));
    change(world, {scale_name: "Iwato"});
    assert.ok(world.log.includes("Iwato"));
    assert.deepStrictEqual(world.network.sent, []);
});

test("the transport is told at once when it starts and stops, and ten times a second while it rolls", () => {
    const world = connected();
    world.forget_sent();
    change(world, {is_playing: 1});
    for (let tenth = 0; tenth < 20; tenth += 1) {
        world.live.song.roll(0.2);
        world.wait(100);
    }
    change(world, {is_playing: 0});
    const told = world.sent("/rg/clock/position");
    assert.deepStrictEqual([told[0][2], told[told.length - 1][2]], [1, 0]);
    assert.ok(told.length >= 20 && told.length <= 24, String(told.length));
    assert.ok(Math.abs(told[told.length - 1][0] - 4) < 0.3);
    world.forget_sent();
    world.wait(2000);
    assert.deepStrictEqual(world.sent("/rg/clock/position"), []);
});

test("what is told is where Live is by now, not where it said it was", () => {
    const world = connected();
    change(world, {is_playing: 1});
    world.forget_sent();
    world.live.song.values.current_song_time = 7.75; // Live notifies some time later
    world.wait(100);
    assert.deepStrictEqual(world.sent("/rg/clock/position"), [[7.75, 120, 1]]);
});

test("a jump is told at once, rolling or not", () => {
    const world = connected();
    world.forget_sent();
    change(world, {current_song_time: 32});
    assert.deepStrictEqual(world.sent("/rg/clock/position"), [[32, 120, 0]]);
    change(world, {is_playing: 1});
    world.forget_sent();
    world.live.change(world.live.song, "current_song_time", 64);
    world.wait(5);
    assert.deepStrictEqual(world.sent("/rg/clock/position"), [[64, 120, 1]]);
});

test("with following off Live keeps to itself, and switching it on tells everything", () => {
    const world = connected();
    world.press("set", "follow");
    world.forget_sent();
    change(world, {tempo: 100, is_playing: 1});
    world.wait(1000);
    assert.deepStrictEqual(world.network.sent, []);
    world.press("set", "follow");
    assert.deepStrictEqual(world.sent("/rg/tempo"), [[100]]);
    assert.strictEqual(world.sent("/rg/clock/position").length >= 1, true);
});

test("an engine that comes back hears everything again", () => {
    const world = connected();
    world.wait(9000);
    world.forget_sent();
    world.connect();
    assert.deepStrictEqual(world.sent("/rg/tempo"), [[120]]);
    assert.deepStrictEqual(world.sent("/rg/signature"), [[4, 4]]);
});
