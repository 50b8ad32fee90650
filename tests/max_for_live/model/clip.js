"use strict";
// An audio clip. While it is not warped its markers are seconds; warped, they are beats by the warp markers, which a new
// clip has from Live's guess of the file's tempo.

const path = require("path");
const {Node} = require("./node");
const {Warps} = require("./warps");

const TEMPO = /_([0-9.]+)bpm_/;
const MARKERS = ["loop_start", "loop_end", "start_marker", "end_marker"];

class Clip extends Node {
    // A new clip of a file at a beat; null where Live cannot make one.
    static of(live, file, start) {
        const audio = live.audio_of(file);
        return audio ? new Clip(live, file, audio, start) : null;
    }

    constructor(live, file, audio, start) {
        super(live, "Clip");
        this.seconds = audio.samples / audio.rate;
        const tempo = live.guess_tempo || Number((TEMPO.exec(path.basename(file)) || [0, live.song.values.tempo])[1]);
        this.warps = new Warps([[0, 0]], tempo / 60);
        this.warps.take(live.guess_warps || [[0, 0]]);
        this.values = {
            file_path: file.replace(/"/g, ""), name: path.basename(file, ".wav"), color: 0, is_audio_clip: 1, warping: 0, looping: 0,
            loop_start: 0, loop_end: this.seconds, start_marker: 0, end_marker: this.seconds, warp_mode: 0,
            signature_numerator: 4, signature_denominator: 4, sample_length: audio.samples, sample_rate: audio.rate,
            available_warp_modes: [0, 1, 2, 3, 4, 6], start_time: start, end_time: start + this.beats_of_file()
        };
        this.writable = [
            ...MARKERS, "name", "color", "warping", "looping", "warp_mode", "signature_numerator", "signature_denominator"
        ];
        this.functions = ["add_warp_marker", "move_warp_marker", "remove_warp_marker"];
    }

    beats_of_file() {
        return this.warps.beat_at(this.seconds);
    }

    read(name) {
        const {tells_warps} = this.live;
        const unit = tells_warps === "samples" ? this.values.sample_rate : 1;
        return name === "warp_markers" && tells_warps ? [this.warps.json(unit)] : super.read(name);
    }

    write(name, value) {
        const was_warped = this.values.warping === 1;
        super.write(name, value);
        if (name === "warping" && !was_warped && this.values.warping === 1) {
            this.values.loop_end = this.values.end_marker = this.beats_of_file();
        }
    }

    add_warp_marker({sample_time, beat_time}) {
        if (!this.warps.has_second(sample_time)) {
            this.warp([...this.warps.points, [sample_time, beat_time]]);
        }
    }

    move_warp_marker(beat, distance) {
        const [second] = this.warps.at_beat(beat) || [0];
        this.warp([...this.warps.others(beat), [second, beat + distance]]);
    }

    remove_warp_marker(beat) {
        this.warp(this.warps.others(beat));
    }

    warp(points) {
        if (!this.warps.take(points)) {
            this.live.error(`warp markers: ${JSON.stringify(points)} are out of order`);
        }
        this.values.end_marker = this.beats_of_file();
        this.values.end_time = this.values.start_time + this.beats_of_file();
    }

    copy() {
        const copy = Object.assign(Object.create(Clip.prototype), this);
        copy.id = this.live.nodes.size + 1;
        copy.values = {...this.values};
        copy.warps = this.warps.copy();
        this.live.nodes.set(copy.id, copy);
        return copy;
    }

    dump() {
        return {...this.values, warps: this.warps.json()};
    }
}

module.exports = {Clip};
