"use strict";
// Finished stems become clips in the Session View.
const assert = require("assert");
const {World} = require("../model/world");

// A Set with one audio track, which drums go to.
function world_with(saved = {}, tracks = [["Kit"]]) {
    const world = new World({tracks, saved: {"Drums Target Track": ["Kit"], ...saved}});
    world.stem("drums", {told: false});
    world.connect();
    world.forget_sent();
    return world;
}

function clip_at(world, index, track = 0) {
    return world.live.song.tracks[track].clip_slots[index].clip.values;
}

test("a finished stem is a clip in the first slot: warped, looped over its bars, named and coloured", () => {
    const world = world_with();
    world.stem("drums", {bars: 2, tempo: 128, key: "F#m"});
    const clip = clip_at(world, 0);
    assert.deepStrictEqual(
        [clip.warping, clip.looping, clip.loop_start, clip.loop_end, clip.start_marker, clip.name, clip.color, clip.warp_mode],
        [1, 1, 0, 8, 0, "Drums t1 F#m 128", 0xff9429, 0]
    );
    assert.strictEqual(world.log, "Drums t1 F#m 128: Kit, slot 1");
    assert.deepStrictEqual(world.live.errors, []);
});

test("its length counts in quarter notes, whatever the signature", () => {
    const world = world_with();
    world.say("/rg/signature", 7, 8);
    world.stem("drums", {bars: 2, bar_beats: 3.5});
    const clip = clip_at(world, 0);
    assert.deepStrictEqual([clip.loop_end, clip.signature_numerator, clip.signature_denominator], [7, 7, 8]);
});

test("a take that was made in another signature keeps its length and its bars", () => {
    for (const [bar_beats, signature] of [[4, [4, 4]], [3.5, [7, 8]], [1.25, [5, 16]]]) {
        const world = world_with();
        world.say("/rg/signature", 3, 4);
        world.stem("drums", {bars: 8, bar_beats, tempo: 97.531});
        const clip = clip_at(world, 0);
        assert.ok(Math.abs(clip.loop_end - 8 * bar_beats) < 1e-3);
        assert.deepStrictEqual([clip.signature_numerator, clip.signature_denominator], signature);
    }
});

// Four bars at 180: 16 beats in 5.333 seconds, whatever Live made of them.
function assert_straight(world) {
    const {clip} = world.live.song.tracks[0].clip_slots[0];
    for (const second of [0, 1, 2.5, 4, clip.seconds]) {
        assert.ok(Math.abs(clip.warps.beat_at(second) - 3 * second) < 0.02, `${second}: ${clip.warps.json()}`);
    }
    assert.deepStrictEqual([clip.values.loop_start, clip.values.loop_end], [0, 16]);
    assert.ok(Math.abs(clip.values.end_marker - 16) < 1e-3);
    assert.deepStrictEqual(world.live.errors, []);
}

test("where Live takes the file for another tempo, its end is put on its beat", () => {
    for (const [tempo, tells] of [[90, true], [90, false], [90, "samples"], [179.5, true], [179.5, false]]) {
        const world = world_with();
        Object.assign(world.live, {guess_tempo: tempo, tells_warps: tells});
        world.stem("drums", {bars: 4, tempo: 180});
        if (tells === true) {
            assert_straight(world);
        } else {
            assert.strictEqual(clip_at(world, 0).end_marker, 16);
        }
    }
});

test("where Live hears beats that are none, the line is set straight: nothing of its guess is left", () => {
    const end = 16 / 3;
    for (const guess of [
        [[0, 0], [1, 3.2], [2.5, 7.4], [end, 16]], [[0.02, 0], [1, 3]], [[0.02, 0]], [[0, -0.5], [2, 6]], [[0, 0], [end, 15.5]],
        [[0.5, 1], [end, 8]]
    ]) {
        const world = world_with();
        Object.assign(world.live, {guess_tempo: 170, guess_warps: guess});
        world.stem("drums", {bars: 4, tempo: 180});
        assert_straight(world);
    }
});

test("warp markers that are right are left as they are", () => {
    const world = world_with();
    Object.assign(world.live, {guess_tempo: 180, guess_warps: [[0, 0], [2, 6.001]]});
    world.stem("drums", {bars: 4, tempo: 180});
    assert.deepStrictEqual(world.live.song.tracks[0].clip_slots[0].clip.warps.points, [[0, 0], [2, 6.001]]);
});

test("the roles have their own colours and warp modes", () => {
    const world = new World({tracks: [["A"]]});
    ["Drums", "Bass", "Harmony", "Melody"].forEach((title) => world.widget(title.toLowerCase(), "target").choose("A"));
    world.stem("drums", {told: false});
    world.connect();
    ["drums", "bass", "harmony", "melody"].forEach((track) => world.stem(track));
    const clips = [0, 1, 2, 3].map((index) => clip_at(world, index));
    assert.deepStrictEqual(clips.map((clip) => clip.warp_mode), [0, 1, 4, 1]);
    assert.strictEqual(new Set(clips.map((clip) => clip.color)).size, 4);
});

test("with no track chosen, a new one is made, named, and chosen from then on", () => {
    const world = new World();
    world.stem("bass", {told: false});
    world.connect();
    world.stem("bass");
    world.stem("bass", {take: 2});
    assert.deepStrictEqual(world.live.song.tracks.map((track) => track.values.name), ["RG Bass"]);
    assert.strictEqual(world.widget("bass", "target").shown, "RG Bass");
    assert.deepStrictEqual(world.patch.saved()["Bass Target Track"], ["RG Bass"]);
    assert.strictEqual(world.slots(0)[0], "Bass t2 Am 120");
});

test("a new take replaces our clip of the take before, and no other", () => {
    const world = world_with({"Drums Slot": 2});
    world.stem("drums");
    world.stem("drums", {take: 2});
    assert.deepStrictEqual(world.slots(0).slice(0, 4), [null, "Drums t2 Am 120", null, null]);
    world.live.song.tracks[0].clip_slots[1].clip.values.name = "keep this";
    world.stem("drums", {take: 3});
    assert.deepStrictEqual(world.slots(0).slice(0, 4), [null, "keep this", "Drums t3 Am 120", null]);
    assert.deepStrictEqual(world.live.errors, []);
});

test("the scene that a replacement needs for a moment goes again", () => {
    const world = world_with();
    world.stem("drums");
    const track = world.live.song.tracks[0];
    track.clip_slots.slice(1).forEach((slot) => {
        slot.clip = track.clip_slots[0].clip.copy();
        slot.clip.values.name = "mine";
    });
    world.stem("drums", {take: 2});
    assert.strictEqual(world.live.song.scenes, 8);
    assert.deepStrictEqual(world.slots(0), ["Drums t2 Am 120", ...Array(7).fill("mine")]);
});

test("a Live that wants a path with spaces in quotes gets it so", () => {
    const world = world_with();
    world.live.wants_quotes = true;
    assert.ok(world.folder.includes(" "));
    world.stem("drums");
    assert.strictEqual(world.slots(0)[0], "Drums t1 Am 120");
});

test("with Replace off every take has a slot of its own", () => {
    const world = world_with({"Replace Own Clip": 0});
    world.stem("drums");
    world.stem("drums", {take: 2});
    assert.deepStrictEqual(world.slots(0).slice(0, 3), ["Drums t1 Am 120", "Drums t2 Am 120", null]);
});

test("a clip of the musician's is never overwritten: the next empty slot is taken, and a scene is made when all are full", () => {
    const world = world_with({"Replace Own Clip": 0});
    const track = world.live.song.tracks[0];
    const file = world.stem("drums", {take: 9, told: false});
    track.clip_slots.forEach((slot) => {
        slot.create_audio_clip(`${world.folder}/stems/${file}`);
        slot.clip.values.name = "mine";
    });
    const before = track.clip_slots.map((slot) => JSON.stringify(slot.dump()));
    world.stem("drums");
    assert.strictEqual(world.live.song.scenes, 9);
    assert.deepStrictEqual(track.clip_slots.slice(0, 8).map((slot) => JSON.stringify(slot.dump())), before);
    assert.strictEqual(world.slots(0)[8], "Drums t1 Am 120");
    assert.strictEqual(world.log, "Drums t1 Am 120: Kit, slot 9");
});

test("a take that has its clip already is not placed twice", () => {
    const world = world_with({"Replace Own Clip": 0});
    const first = world.stem("drums");
    world.stem("drums", {take: 2});
    world.tell_stem("drums", first, 120, "Am", 1);
    world.press("drums", "place");
    assert.deepStrictEqual(world.slots(0).filter((name) => name), ["Drums t1 Am 120", "Drums t2 Am 120"]);
});

test("with Auto off nothing is placed until Place is pressed", () => {
    const world = world_with({"Drums Auto Place": 0});
    world.stem("drums");
    assert.deepStrictEqual(world.slots(0).filter((name) => name), []);
    world.press("drums", "place");
    assert.strictEqual(world.slots(0)[0], "Drums t1 Am 120");
});

test("stems that were there before the device was are not placed, those that come while the connection is down are", () => {
    const world = new World({tracks: [["Kit"]], saved: {"Drums Target Track": ["Kit"]}});
    const old = world.stem("drums", {told: false});
    world.connect([["/rg/track/drums/stem", old, 120.5, "Am", 1, 1]]);
    assert.deepStrictEqual(world.slots(0).filter((name) => name), []);
    world.wait(9000);
    const missed = world.stem("drums", {take: 2, told: false});
    world.connect([["/rg/track/drums/stem", missed, 120.5, "Am", 1, 1]]);
    assert.deepStrictEqual(world.slots(0).filter((name) => name), ["Drums t2 Am 120"]);
});

test("stems of another set, with which the engine comes back, are not placed", () => {
    const world = world_with();
    world.stem("drums");
    world.wait(9000);
    world.folder = "/elsewhere";
    world.connect([["/rg/track/drums/stem", "drums_100bpm_C_1bars_t5.wav", 100.5, "C", 1, 1]]);
    assert.deepStrictEqual(world.slots(0).filter((name) => name), ["Drums t1 Am 120"]);
    assert.deepStrictEqual(world.live.errors, []);
});

test("a take that came while a dump was broken off is placed when there is a whole one", () => {
    const world = world_with();
    world.stem("drums");
    world.say("/rg/update", 1);
    const missed = world.stem("drums", {take: 2});
    world.dump([["/rg/track/drums/stem", missed, 120.5, "Am", 1, 1]]);
    assert.deepStrictEqual(world.slots(0).filter((name) => name), ["Drums t2 Am 120"]);
});

test("stems of another set that is opened are not placed", () => {
    const world = world_with();
    const file = world.stem("drums", {told: false});
    world.say("/rg/set/open", "second");
    assert.strictEqual(world.sent("/rg/hello").length, 1);
    world.tell_stem("drums", file, 120, "Am", 1);
    world.dump([["/rg/track/drums/stem", file, 120.5, "Am", 1, 1]]);
    assert.deepStrictEqual(world.slots(0).filter((name) => name), []);
    world.stem("drums", {take: 2});
    assert.deepStrictEqual(world.slots(0).filter((name) => name), ["Drums t2 Am 120"]);
});

// --- launching ------------------------------------------------------------------------------------

test("while Live plays a new clip is launched where Live's quantisation has it", () => {
    const world = world_with();
    const {song} = world.live;
    Object.assign(song.values, {current_song_time: 5});
    world.live.change(song, "is_playing", 1);
    world.wait(20);
    world.stem("drums");
    assert.strictEqual(song.tracks[0].values.playing_slot_index, -1);
    assert.deepStrictEqual(world.live.fired.map(({at}) => at), [8]);
    song.roll(2.9);
    assert.strictEqual(song.tracks[0].values.playing_slot_index, -1);
    song.roll(0.2);
    assert.strictEqual(song.tracks[0].values.playing_slot_index, 0);
});

test("stopped, nothing is launched", () => {
    const world = world_with();
    world.stem("drums");
    assert.strictEqual(world.live.song.tracks[0].values.playing_slot_index, -1);
});

test("a clip of the musician's that plays is left playing", () => {
    const world = world_with();
    const track = world.live.song.tracks[0];
    const file = world.stem("drums", {take: 9, told: false});
    track.clip_slots[4].create_audio_clip(`${world.folder}/stems/${file}`);
    track.clip_slots[4].clip.values.name = "my break";
    track.values.playing_slot_index = 4;
    world.live.change(world.live.song, "is_playing", 1);
    world.wait(20);
    world.stem("drums");
    assert.strictEqual(world.slots(0)[0], "Drums t1 Am 120");
    assert.deepStrictEqual([track.values.playing_slot_index, world.live.fired.length], [4, 0]);
});

test("with Manual what plays is left alone, and Launch starts what waits", () => {
    const world = world_with();
    const {song} = world.live;
    world.stem("drums");
    world.say("/rg/when", "manual");
    song.values.current_song_time = 1;
    world.live.change(song, "is_playing", 1);
    world.wait(20);
    world.stem("drums", {take: 2});
    assert.deepStrictEqual(world.slots(0).slice(0, 2), ["Drums t1 Am 120", "Drums t2 Am 120"]);
    assert.deepStrictEqual(world.live.fired, []);
    world.press("set", "launch");
    song.roll(4);
    assert.strictEqual(song.tracks[0].values.playing_slot_index, 1);
    assert.strictEqual(world.sent("/rg/launch").length, 1);
});

test("a waiting slot that was emptied is not fired: an empty slot would stop the track", () => {
    const world = world_with();
    world.say("/rg/when", "manual");
    world.stem("drums");
    const track = world.live.song.tracks[0];
    track.clip_slots[0].delete_clip();
    world.press("set", "launch");
    assert.strictEqual(track.values.playing_slot_index, -1);
});
