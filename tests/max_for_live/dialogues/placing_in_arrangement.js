"use strict";
// Finished stems in the Arrangement, further takes in take lanes.
const assert = require("assert");
const {World} = require("../model/world");

function ready(beat = 0, playing = 0) {
    const world = new World({
        tracks: [["Kit"]], saved: {"Drums Target Track": ["Kit"], "Place Clips In": 1},
        before: ({live}) => Object.assign(live.song.values, {current_song_time: beat, is_playing: playing})
    });
    world.stem("drums", {told: false});
    world.connect();
    return world;
}

function kit(world) {
    return world.live.song.tracks[0];
}

function spans(clips) {
    return clips.map((clip) => [clip.values.name, clip.values.start_time, clip.values.end_time]);
}

test("a stem lands on the bar of the playhead, dressed like any other", () => {
    const world = ready(9);
    world.stem("drums", {bars: 2});
    const [clip] = kit(world).arrangement_clips;
    assert.deepStrictEqual(spans([clip]), [["Drums t1 Am 120", 8, 16]]);
    assert.deepStrictEqual([clip.values.warping, clip.values.looping, clip.values.loop_end, clip.values.color], [1, 1, 8, 0xff9429]);
    assert.strictEqual(world.log, "Drums t1 Am 120: Kit, beat 8");
});

test("while Live plays, it lands on the bar to come", () => {
    const world = ready(9, 1);
    world.stem("drums");
    assert.deepStrictEqual(spans(kit(world).arrangement_clips), [["Drums t1 Am 120", 12, 16]]);
});

test("what is in the way stays: the clip lands on the first free bar after it", () => {
    const world = ready(0);
    const file = world.stem("drums", {take: 9, bars: 2, told: false});
    [4, 14].forEach((beat) => kit(world).create_audio_clip(`${world.folder}/stems/${file}`, beat));
    const before = JSON.stringify(kit(world).arrangement_clips.map((clip) => clip.dump()));
    world.stem("drums", {bars: 2});
    const clips = kit(world).arrangement_clips;
    assert.strictEqual(JSON.stringify(clips.slice(0, 2).map((clip) => clip.dump())), before);
    assert.deepStrictEqual(spans(clips.slice(2)), [["Drums t1 Am 120", 24, 32]]);
});

test("the length that Live first takes a file for overwrites nothing of the musician's", () => {
    const world = ready(0);
    const file = world.stem("drums", {take: 9, told: false});
    [4, 12].forEach((beat) => kit(world).create_audio_clip(`${world.folder}/stems/${file}`, beat));
    world.live.guess_tempo = 480; // four times as long
    world.stem("drums");
    assert.deepStrictEqual(spans(kit(world).arrangement_clips).map((span) => span.slice(1)), [[4, 8], [12, 16], [0, 4]]);
    assert.strictEqual(world.log, "Drums t1 Am 120: Kit, beat 0");
});

test("further takes go into take lanes at the same place, each once", () => {
    const world = ready(4);
    const first = world.stem("drums");
    const second = world.stem("drums", {take: 2});
    world.stem("drums", {take: 3});
    world.tell_stem("drums", first, 120, "Am", 1);
    world.tell_stem("drums", second, 120, "Am", 1);
    assert.deepStrictEqual(spans(kit(world).arrangement_clips), [["Drums t1 Am 120", 4, 8]]);
    assert.deepStrictEqual(kit(world).take_lanes.map((lane) => [lane.values.name, ...spans(lane.arrangement_clips)]), [
        ["Drums t2 Am 120", ["Drums t2 Am 120", 4, 8]], ["Drums t3 Am 120", ["Drums t3 Am 120", 4, 8]]
    ]);
    assert.deepStrictEqual(world.live.errors, []);
});

test("a Live without take lanes gets the take on the next free bar", () => {
    const world = ready(4);
    world.stem("drums");
    world.live.refusals.create_take_lane = true;
    world.stem("drums", {take: 2});
    assert.deepStrictEqual(spans(kit(world).arrangement_clips), [["Drums t1 Am 120", 4, 8], ["Drums t2 Am 120", 8, 12]]);
});

test("a failure leaves the Arrangement as it was", () => {
    for (const name of ["create_audio_clip", "warping", "looping", "duplicate_clip_to_arrangement"]) {
        const world = ready(4);
        const file = world.stem("drums", {take: 9, told: false});
        kit(world).create_audio_clip(`${world.folder}/stems/${file}`, 8);
        world.live.refusals[name] = true;
        const before = world.live.snapshot();
        world.stem("drums");
        assert.strictEqual(world.live.snapshot(), before);
        assert.ok(world.log.startsWith("Drums was not placed: "));
    }
});

test("a further take that fails leaves no take lane behind", () => {
    for (const name of ["create_audio_clip", "warping", "looping"]) {
        const world = ready(4);
        world.stem("drums");
        world.live.refusals[name] = true;
        const before = world.live.snapshot();
        world.stem("drums", {take: 2});
        assert.strictEqual(world.live.snapshot(), before);
        assert.ok(world.log.startsWith("Drums was not placed: "));
        world.live.refusals = {};
        world.press("drums", "place");
        assert.deepStrictEqual(spans(kit(world).take_lanes[0].arrangement_clips), [["Drums t2 Am 120", 4, 8]]);
        assert.deepStrictEqual(spans(kit(world).arrangement_clips), [["Drums t1 Am 120", 4, 8]]);
    }
});
