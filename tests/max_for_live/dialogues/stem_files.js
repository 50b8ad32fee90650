"use strict";
// Names and paths, on systems that the tests do not run on.
const assert = require("assert");
const stems = require("../../../max_for_live/src/stems.js");

test("a path is written the way of the system that its folder is of", () => {
    assert.deepStrictEqual(stems.paths("/home/anna/Music/ResonantGen/default", "a.wav"), [
        "/home/anna/Music/ResonantGen/default/stems/a.wav"
    ]);
    assert.deepStrictEqual(stems.paths("C:\\Users\\Anna Lee\\Music\\", "a.wav"), [
        "C:\\Users\\Anna Lee\\Music\\stems\\a.wav", "C:/Users/Anna Lee/Music/stems/a.wav",
        "\"C:\\Users\\Anna Lee\\Music\\stems\\a.wav\""
    ]);
    assert.deepStrictEqual(stems.paths("/Users/anna/Music", "a.wav"), [
        "/Users/anna/Music/stems/a.wav", "/Volumes/Macintosh HD/Users/anna/Music/stems/a.wav"
    ]);
});

test("a file is known by its last part, however its path is written", () => {
    for (const path of ["/x/y/a.wav", "C:\\x\\a.wav", "Macintosh HD:/x/a.wav", "\"/x y/a.wav\"", "Disk:x:a.wav"]) {
        assert.strictEqual(stems.base_name(path), "a.wav");
    }
});

test("a clip is called by its track, take, key and tempo", () => {
    assert.strictEqual(stems.clip_name("Drums", "drums_128bpm_F#m_8bars_t12.wav"), "Drums t12 F#m 128");
    assert.strictEqual(stems.clip_name("Bass", "bass_97.5bpm_Cdor_4bars_t2_3.wav"), "Bass t2_3 Cdor 97.5");
    assert.strictEqual(stems.clip_name("Bass", "something.wav"), "Bass something.wav");
});
