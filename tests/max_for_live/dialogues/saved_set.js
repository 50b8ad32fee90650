"use strict";
// What a Live Set keeps of the device, and what the engine hears of it when both are there again.
const assert = require("assert");
const {World} = require("../model/world");

test("prompts, targets and settings come back with the Set", () => {
    const world = new World({tracks: [["Kit"], ["Low End"]]});
    world.connect();
    world.type("set", "prompt", "dark techno");
    world.type("bass", "prompt", "more aggressive");
    world.widget("drums", "target").choose("Kit");
    world.widget("bass", "slot").turn(3);
    world.press("bass", "auto");
    world.press("set", "follow");
    world.widget("set", "place_in").turn(1);
    const again = new World({tracks: [["Kit"], ["Low End"]], saved: world.patch.saved()});
    assert.strictEqual(again.widget("set", "prompt").text, "dark techno");
    assert.strictEqual(again.widget("drums", "target").shown, "Kit");
    assert.strictEqual(again.widget("melody", "target").shown, "New track");
    again.connect();
    again.press("set", "generate");
    assert.deepStrictEqual(again.sent("/rg/generate").map(([prompt]) => prompt), ["dark techno"]);
    assert.deepStrictEqual(again.sent("/rg/tempo"), []);
    assert.deepStrictEqual([again.widget("bass", "slot").number, again.widget("bass", "auto").number], [3, 0]);
});

test("a track's prompt of the Set goes to the engine; where the Set has none, the engine's is shown", () => {
    const world = new World({saved: {"Bass Prompt": "darker"}});
    world.connect([["/rg/track/bass/prompt", "brighter"], ["/rg/track/drums/prompt", "no hats"]]);
    assert.deepStrictEqual(world.sent("/rg/track/bass/prompt"), [["darker"]]);
    assert.strictEqual(world.widget("bass", "prompt").text, "darker");
    assert.strictEqual(world.widget("drums", "prompt").text, "no hats");
});

test("a prompt that another client sets later is shown", () => {
    const world = new World({saved: {"Bass Prompt": "darker"}});
    world.connect();
    world.forget_sent();
    world.say("/rg/track/bass/prompt", "with a slide");
    assert.strictEqual(world.widget("bass", "prompt").text, "with a slide");
    assert.deepStrictEqual(world.network.sent, []);
});

test("a target that was renamed is followed, one that is gone is said to be", () => {
    const world = new World({tracks: [["Kit"], ["Low End"]]});
    const [kit, low] = world.live.song.tracks;
    world.widget("drums", "target").choose("Kit");
    world.widget("bass", "target").choose("Low End");
    world.live.change(kit, "name", "Beat");
    world.wait(20);
    assert.strictEqual(world.widget("drums", "target").shown, "Beat");
    assert.deepStrictEqual(world.patch.saved()["Drums Target Track"], ["Beat"]);
    world.live.song.delete_track(world.live.song.tracks.indexOf(low));
    world.wait(20);
    assert.strictEqual(world.widget("bass", "target").shown, "Low End (gone)");
});

test("the menus offer audio tracks only, and follow what happens to them", () => {
    const world = new World({tracks: [["Kit"], ["Keys", {midi: true}], ["Group", {group: true}], ["Kit"]]});
    assert.deepStrictEqual(world.widget("melody", "target").items, ["New track", "Kit"]);
    world.live.song.add_track("Vocals, dry");
    world.wait(20);
    assert.deepStrictEqual(world.widget("melody", "target").items, ["New track", "Kit", "Vocals, dry"]);
});
