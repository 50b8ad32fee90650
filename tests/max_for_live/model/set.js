"use strict";
// The objects of a Set. `values` are properties that can be read, `writable` those that can be set, `functions` what can
// be called; children are read as ids.

const {Clip} = require("./clip");
const {Node} = require("./node");

const QUANTIZATIONS = [0, 32, 16, 8, 4, 2, 4 / 3, 1, 2 / 3, 0.5, 1 / 3, 0.25, 1 / 6, 0.125]; // beats in 4/4

class Song extends Node {
    constructor(live) {
        super(live, "Song");
        this.values = {
            tempo: 120, signature_numerator: 4, signature_denominator: 4, root_note: 0, scale_name: "Major",
            scale_mode: 0, is_playing: 0, current_song_time: 0, clip_trigger_quantization: 4
        };
        this.functions = ["create_audio_track", "delete_track", "create_scene", "delete_scene"];
        this.tracks = [];
        this.scenes = 8;
    }

    get children() {
        return {tracks: this.tracks};
    }

    add_track(name, options = {}) {
        const track = new Track(this.live, name, this.scenes, options);
        this.tracks.push(track);
        this.live.notify(this, "tracks");
        return track;
    }

    create_audio_track(index) {
        const name = `${this.tracks.length + 1}-Audio`;
        const track = this.add_track(name);
        if (index >= 0) {
            this.tracks.splice(index, 0, this.tracks.pop());
        }
        return ["id", track.id];
    }

    delete_track(index) {
        this.tracks.splice(index, 1).forEach((track) => track.die());
        this.live.notify(this, "tracks");
    }

    create_scene() {
        this.scenes += 1;
        this.tracks.forEach((track) => track.add_slot());
    }

    delete_scene(index) {
        this.scenes -= 1;
        this.tracks.forEach((track) => track.clip_slots.splice(index, 1).forEach((slot) => slot.die()));
    }

    // `live_set tracks 0 clip_slots 1 clip`, or `id 12`.
    find(place) {
        if (/^id \d+$/.test(place)) {
            return this.live.nodes.get(Number(place.slice(3))) || null;
        }
        const [root, ...steps] = place.split(" ");
        let node = root === "live_set" ? this : null;
        while (node && steps.length) {
            const child = node.children[steps.shift()];
            node = Array.isArray(child) ? child[Number(steps.shift())] : child;
        }
        return node || null;
    }

    // Time passes in Live: what was fired starts where the quantisation has it.
    roll(beats) {
        const end = this.values.current_song_time + beats;
        this.live.fired.splice(0).forEach(({slot, at}) => {
            if (at <= end) {
                slot.start();
            } else {
                this.live.fired.push({slot, at});
            }
        });
        this.live.change(this, "current_song_time", end);
    }

    next_launch() {
        const step = QUANTIZATIONS[this.values.clip_trigger_quantization];
        const now = this.values.current_song_time;
        return step ? Math.ceil(now / step - 1e-9) * step : now;
    }

    dump() {
        const {current_song_time, is_playing, ...kept} = this.values;
        return {...kept, scenes: this.scenes, tracks: this.tracks.map((track) => track.dump())};
    }
}

class Track extends Node {
    constructor(live, name, scenes, {midi = false, group = false, frozen = false} = {}) {
        super(live, "Track");
        this.values = {
            name, color: 0, has_audio_input: midi ? 0 : 1, has_midi_input: midi ? 1 : 0, is_foldable: group ? 1 : 0,
            is_frozen: frozen ? 1 : 0, playing_slot_index: -1
        };
        this.writable = ["name", "color"];
        this.functions = ["create_audio_clip", "delete_clip", "create_take_lane", "duplicate_clip_to_arrangement"];
        this.clip_slots = [];
        this.arrangement_clips = [];
        this.take_lanes = [];
        for (let index = 0; index < scenes; index += 1) {
            this.add_slot();
        }
    }

    get children() {
        return {clip_slots: this.clip_slots, arrangement_clips: this.arrangement_clips, take_lanes: this.take_lanes};
    }

    add_slot() {
        this.clip_slots.push(new ClipSlot(this.live, this));
    }

    get takes_audio() {
        return this.values.has_audio_input === 1 && this.values.is_foldable === 0 && this.values.is_frozen === 0;
    }

    create_audio_clip(file, start) {
        const clip = this.takes_audio ? Clip.of(this.live, file, start) : this.live.error("not an audio track");
        if (clip) {
            this.put(clip);
        }
    }

    duplicate_clip_to_arrangement(id, start) {
        const copy = this.live.song.find(id).copy();
        copy.values.end_time += start - copy.values.start_time;
        copy.values.start_time = start;
        this.put(copy);
    }

    // What lies where a clip is put is gone.
    put(clip) {
        this.arrangement_clips = this.arrangement_clips.filter(({values}) =>
            values.end_time <= clip.values.start_time || values.start_time >= clip.values.end_time);
        this.arrangement_clips.push(clip);
    }

    delete_clip(id) {
        for (const holder of [this, ...this.take_lanes]) {
            holder.arrangement_clips = holder.arrangement_clips.filter((clip) => `id ${clip.id}` !== id);
        }
    }

    create_take_lane() {
        this.take_lanes.push(new TakeLane(this.live, this));
    }

    dump() {
        const {playing_slot_index, ...kept} = this.values;
        return {
            ...kept, slots: this.clip_slots.map((slot) => slot.dump()),
            arrangement: this.arrangement_clips.map((clip) => clip.dump()),
            lanes: this.take_lanes.map((lane) => lane.dump())
        };
    }
}

class TakeLane extends Node {
    constructor(live, track) {
        super(live, "TakeLane");
        this.track = track;
        this.values = {name: ""};
        this.writable = ["name"];
        this.functions = ["create_audio_clip"];
        this.arrangement_clips = [];
    }

    get children() {
        return {arrangement_clips: this.arrangement_clips};
    }

    create_audio_clip(file, start) {
        const clip = Clip.of(this.live, file, start);
        if (clip) {
            this.arrangement_clips.push(clip);
        }
    }

    dump() {
        return {...this.values, clips: this.arrangement_clips.map((clip) => clip.dump())};
    }
}

class ClipSlot extends Node {
    constructor(live, track) {
        super(live, "ClipSlot");
        this.track = track;
        this.functions = ["create_audio_clip", "delete_clip", "duplicate_clip_to", "fire"];
        this.clip = null;
    }

    get children() {
        return {clip: this.clip};
    }

    read(name) {
        return name === "has_clip" ? Number(this.clip !== null) : super.read(name);
    }

    create_audio_clip(file) {
        if (!this.track.takes_audio || this.clip !== null) {
            return this.live.error("create_audio_clip: not an audio track, or the slot is not empty");
        }
        this.clip = Clip.of(this.live, file, 0);
        return undefined;
    }

    delete_clip() {
        this.clip = null;
    }

    duplicate_clip_to(place) {
        this.live.song.find(place).clip = this.clip.copy();
    }

    fire() {
        const at = this.live.song.next_launch();
        if (this.live.song.values.is_playing === 0 || at <= this.live.song.values.current_song_time) {
            this.start();
        } else {
            this.live.fired.push({slot: this, at});
        }
    }

    start() {
        this.track.values.playing_slot_index = this.clip === null ? -2 : this.track.clip_slots.indexOf(this);
    }

    dump() {
        return this.clip === null ? null : this.clip.dump();
    }
}

module.exports = {Song, Node};
