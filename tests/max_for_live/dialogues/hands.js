"use strict";
// From the widgets to the engine: mouse, Push, MIDI mapping and automation all come as the same messages.
const assert = require("assert");
const {World, TRACKS} = require("../model/world");

function connected(values = []) {
    const world = new World();
    world.connect(values);
    world.forget_sent();
    return world;
}

test("generate sends what stands in the field, though return was never pressed", () => {
    const world = connected();
    world.type("set", "prompt", "dark techno, driving bass at 128 bpm");
    world.press("set", "generate");
    const [[prompt, id]] = world.sent("/rg/generate");
    assert.strictEqual(prompt, "dark techno, driving bass at 128 bpm");
    assert.ok(Number.isInteger(id) && id > 0);
    world.say("/rg/done", "/rg/generate", id);
    assert.strictEqual(world.log, "generate: done");
});

test("a failure is told in the engine's words", () => {
    const world = connected();
    world.type("set", "prompt", "x");
    world.press("set", "generate");
    const [[, id]] = world.sent("/rg/generate");
    world.say("/rg/fail", "/rg/generate", id, "disk", "no space left");
    assert.strictEqual(world.log, "generate failed: no space left");
    world.say("/rg/fail", "/rg/generate", id, "disk", "told twice");
    assert.strictEqual(world.log, "generate failed: no space left");
});

test("a text is read as it was typed, however Max hands it over", () => {
    const world = connected();
    const prompt = world.widget("set", "prompt");
    for (const atoms of [
        ["text", "slow, dark; \"dub\" at 70"], ["text", "slow,", "dark;", "\"dub\"", "at", 70],
        ["text", "\"slow\\, dark\\; \\\"dub\\\" at 70\""], ["slow,", "dark;", "\"dub\" at 70"]
    ]) {
        prompt.out(0, ...atoms);
        prompt.receive = () => {};
        world.press("set", "generate");
    }
    assert.deepStrictEqual(world.sent("/rg/generate").map(([text]) => text), Array(4).fill("slow, dark; \"dub\" at 70"));
});

test("an empty prompt is not sent", () => {
    const world = connected();
    world.press("set", "generate");
    assert.deepStrictEqual(world.network.sent, []);
    assert.ok(world.log.startsWith("Type what to play"));
});

test("without an engine a press says how to start one", () => {
    const world = new World();
    world.forget_sent();
    world.type("set", "prompt", "techno");
    world.press("set", "generate");
    assert.deepStrictEqual(world.sent("/rg/generate"), []);
    assert.strictEqual(world.log, "No engine answers at port 9130: start it with resonantgen serve");
});

test("every press of a button counts, also by Live's key mapping: it springs back", () => {
    const world = connected();
    for (let press = 0; press < 3; press += 1) {
        world.press("set", "cancel");
        assert.strictEqual(world.widget("set", "cancel").number, 0);
    }
    assert.strictEqual(world.sent("/rg/cancel").length, 3);
});

test("a short pulse of automation presses once, and is not overridden", () => {
    const world = connected();
    const button = world.widget("set", "cancel");
    const told = [];
    const receive = button.receive.bind(button);
    button.receive = (inlet, atoms) => told.push(atoms) && receive(inlet, atoms);
    button.turn(1);
    world.wait(150);
    button.turn(0);
    world.wait(1000);
    assert.strictEqual(world.sent("/rg/cancel").length, 1);
    assert.deepStrictEqual(told, []);
});

test("lock and unlock", () => {
    const world = connected();
    TRACKS.forEach((track) => world.press(track, "lock"));
    world.press("bass", "lock");
    assert.deepStrictEqual(world.network.sent.map((atoms) => atoms.join(" ")), [
        ...TRACKS.map((track) => `/rg/track/${track}/lock 1`), "/rg/track/bass/lock 0"
    ]);
});

test("new makes another take, by the words of the track's field if there are any", () => {
    const world = connected();
    world.press("bass", "new");
    world.type("bass", "prompt", "\"more aggressive\"");
    world.press("bass", "new");
    const [plain, worded] = world.sent("/rg/track/bass/regenerate");
    assert.strictEqual(plain.length, 1);
    assert.strictEqual(worded[0], "more aggressive");
    assert.strictEqual(worded[1], plain[0] + 1);
    assert.deepStrictEqual(world.sent("/rg/track/bass/prompt"), [["more aggressive"]]);
});

test("return in a track's field tells the engine, and starts nothing", () => {
    const world = connected();
    world.type("melody", "prompt", "half as busy");
    world.widget("melody", "prompt").press_return();
    world.widget("melody", "prompt").press_return();
    assert.deepStrictEqual(world.network.sent, [["/rg/track/melody/prompt", "half as busy"]]);
});

test("previous and next stay within the takes there are", () => {
    const world = connected([["/rg/track/drums/take", 2, 3]]);
    world.press("drums", "previous");
    world.press("drums", "next");
    assert.deepStrictEqual(world.sent("/rg/track/drums/take"), [[1], [3]]);
    world.say("/rg/track/drums/take", 3, 3);
    world.press("drums", "next");
    world.press("bass", "previous");
    assert.strictEqual(world.sent("/rg/track/drums/take").length, 2);
    assert.deepStrictEqual(world.sent("/rg/track/bass/take"), []);
});

test("a take is chosen by its number too, by Push, a knob or automation; one that is not there springs back", () => {
    const world = connected([["/rg/track/drums/take", 2, 3]]);
    const pick = world.widget("drums", "pick");
    assert.strictEqual(pick.number, 2);
    pick.turn(3);
    world.say("/rg/track/drums/take", 3, 3);
    for (const number of [0, 4, 255]) {
        pick.turn(number);
        world.wait(2500);
        assert.strictEqual(pick.number, 3);
    }
    assert.deepStrictEqual(world.sent("/rg/track/drums/take"), [[3]]);
    world.widget("bass", "pick").turn(1);
    assert.deepStrictEqual(world.sent("/rg/track/bass/take"), []);
    world.say("/rg/track/drums/take", 300, 300);
    assert.strictEqual(pick.number, 255);
});

test("volume, bars, when and the parameters go out in the engine's units", () => {
    const world = connected();
    world.widget("bass", "volume").turn(-7.5);
    world.widget("bass", "volume").turn(-70);
    world.widget("set", "bars").turn(4);
    world.widget("set", "when").turn(2);
    world.widget("harmony", "density").turn(75);
    world.widget("harmony", "octave").turn(-2);
    assert.deepStrictEqual(world.network.sent, [
        ["/rg/track/bass/volume", -7.5], ["/rg/track/bass/volume", -120], ["/rg/bars", 4], ["/rg/when", "bar"],
        ["/rg/track/harmony/param", "density", 0.75], ["/rg/track/harmony/param", "octave", -2]
    ]);
});

test("launch swaps in what is ready", () => {
    const world = connected();
    world.press("set", "launch");
    assert.deepStrictEqual(world.network.sent, [["/rg/launch"]]);
});

test("what a Set says while it loads is not taken for a hand: the engine's values stand", () => {
    const saved = {"Drums Lock": 1, "Drums Volume": -30, Bars: 2, "Bass Density": 90, Generate: 1};
    const world = new World({saved});
    world.connect([["/rg/track/drums/lock", 0], ["/rg/track/drums/volume", 0], ["/rg/bars", 8]]);
    const said = world.network.sent.map(([address]) => address);
    assert.deepStrictEqual([...new Set(said)].sort(), [
        "/rg/clock/position", "/rg/hello", "/rg/scene/list", "/rg/signature", "/rg/tempo"
    ]);
    assert.strictEqual(world.widget("drums", "lock").number, 0);
    assert.strictEqual(world.widget("set", "bars").number, 8);
});
