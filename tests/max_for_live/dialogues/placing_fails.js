"use strict";
// A placement that fails leaves the Set as it was, byte for byte, and says why.
const assert = require("assert");
const fs = require("fs");
const {World} = require("../model/world");

function ready(options = {}) {
    const world = new World({tracks: [["Kit"]], saved: {"Drums Target Track": ["Kit"]}, ...options});
    world.stem("drums", {told: false});
    world.connect();
    return world;
}

// What a stem does to the Set when Live cannot do what is named.
function refused(world, names, take = 1) {
    names.forEach((name) => {
        world.live.refusals[name] = true;
    });
    const before = world.live.snapshot();
    world.stem("drums", {take});
    assert.strictEqual(world.live.snapshot(), before);
    assert.ok(world.log.startsWith("Drums was not placed: "), world.log);
    return world.log.replace("Drums was not placed: ", "");
}

test("Live makes no clip", () => {
    assert.strictEqual(refused(ready(), ["create_audio_clip"]), "Live made no clip of drums_120bpm_Am_1bars_t1.wav");
});

test("the clip cannot be warped", () => {
    assert.strictEqual(refused(ready(), ["warping"]), "Live does not warp it");
});

test("the clip's warp markers cannot be set straight", () => {
    for (const tells_warps of [true, false]) {
        const world = ready();
        Object.assign(world.live, {guess_tempo: 90, tells_warps});
        // What Live does not refuse aloud it may still not do.
        world.live.refusals.end_marker = true;
        assert.strictEqual(refused(world, ["add_warp_marker"]), "Live does not warp it straight over 4 beats");
    }
});

test("the clip cannot be looped", () => {
    assert.strictEqual(refused(ready(), ["looping"]), "Live does not loop it over 4 beats");
});

test("the file is not on the disk", () => {
    const world = ready();
    const before = world.live.snapshot();
    world.tell_stem("drums", "drums_120bpm_Am_1bars_t7.wav", 120, "Am", 1);
    assert.strictEqual(world.live.snapshot(), before);
    assert.ok(world.log.includes("Live made no clip of drums_120bpm_Am_1bars_t7.wav"));
});

test("the track is frozen", () => {
    const world = ready({tracks: [["Kit", {frozen: true}]]});
    assert.strictEqual(refused(world, []), "the track Kit is frozen");
});

test("the track is gone", () => {
    const world = ready();
    world.live.song.delete_track(0);
    world.wait(20);
    assert.strictEqual(refused(world, []), "there is no audio track called Kit any more");
});

test("a track that was made for it goes again", () => {
    const world = ready({tracks: [["Vocals"]], saved: {}});
    refused(world, ["create_audio_clip"]);
    assert.deepStrictEqual(world.live.song.tracks.map((track) => track.values.name), ["Vocals"]);
    assert.strictEqual(world.widget("drums", "target").shown, "New track");
    assert.deepStrictEqual(world.patch.saved()["Drums Target Track"], [0]);
});

test("Live makes no track", () => {
    assert.strictEqual(refused(ready({saved: {}}), ["create_audio_track"]), "Live made no new audio track");
});

test("a scene that was made for it goes again", () => {
    const world = ready();
    const file = world.stem("drums", {take: 9, told: false});
    world.live.song.tracks[0].clip_slots.forEach((slot) => slot.create_audio_clip(`${world.folder}/stems/${file}`));
    refused(world, ["warping"]);
    assert.strictEqual(world.live.song.scenes, 8);
    assert.strictEqual(refused(world, ["create_scene"], 2), "there is no empty slot, and Live made no new scene");
});

test("when the old clip cannot be replaced it stays, and the new one goes", () => {
    const world = ready();
    world.stem("drums");
    assert.strictEqual(refused(world, ["duplicate_clip_to"], 2), "Live did not replace the clip of the take before");
    assert.strictEqual(world.slots(0)[0], "Drums t1 Am 120");
});

test("the engine did not say where its stems are", () => {
    const world = new World({tracks: [["Kit"]], saved: {"Drums Target Track": ["Kit"]}});
    world.say("/rg/hello", "0.1.0", 30, "default");
    world.say("/rg/update", 0);
    const before = world.live.snapshot();
    world.tell_stem("drums", "drums_120bpm_Am_1bars_t1.wav", 120, "Am", 1);
    assert.strictEqual(world.live.snapshot(), before);
    assert.strictEqual(world.log, "Drums was not placed: the engine did not say where its stems are");
});

test("why stands there for five seconds, whatever is done meanwhile, or until the hand goes on", () => {
    const world = ready({tracks: [["Kit"], ["Low"]], saved: {"Drums Target Track": ["Kit"], "Bass Target Track": ["Low"]}});
    world.press("bass", "new");
    const [[id]] = world.sent("/rg/track/bass/regenerate");
    refused(world, ["warping"]);
    const why = world.log;
    world.live.refusals = {};
    world.stem("bass");
    world.say("/rg/done", "/rg/track/bass/regenerate", id);
    assert.deepStrictEqual([world.log, world.slots(1)[0]], [why, "Bass t1 Am 120"]);
    world.wait(5000);
    world.stem("bass", {take: 2});
    assert.strictEqual(world.log, "Bass t2 Am 120: Low, slot 1");
    refused(world, ["looping"], 2);
    world.live.refusals = {};
    world.press("drums", "place");
    assert.strictEqual(world.log, "Drums t2 Am 120: Kit, slot 1");
});

test("there is nothing to place", () => {
    const world = ready();
    const before = world.live.snapshot();
    world.press("drums", "place");
    assert.strictEqual(world.live.snapshot(), before);
    assert.strictEqual(world.log, "Drums: there is no take to place yet");
});

test("after a failure the next placement works", () => {
    const world = ready();
    refused(world, ["create_audio_clip"]);
    world.live.refusals = {};
    world.press("drums", "place");
    assert.strictEqual(world.slots(0)[0], "Drums t1 Am 120");
});

test("the stem's file is never touched", () => {
    const world = ready();
    const file = `${world.folder}/stems/${world.stem("drums", {told: false})}`;
    const before = fs.readFileSync(file);
    refused(world, ["warping"]);
    assert.ok(fs.readFileSync(file).equals(before));
});
