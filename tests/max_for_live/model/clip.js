"use strict";
// An audio clip. While it is not warped its markers are seconds; warped, they are beats by the warp markers, which a new
// clip has from Live's guess of the file's tempo.

const path = require("path");
const {Node} = require("./node");

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
        this.tempo = live.guess_tempo || Number((TEMPO.exec(path.basename(file)) || [0, live.song.values.tempo])[1]);
        this.values = {
            file_path: file.replace(/"/g, ""), name: path.basename(file, ".wav"), color: 0, is_audio_clip: 1, warping: 0, looping: 0,
            loop_start: 0, loop_end: this.seconds, start_marker: 0, end_marker: this.seconds, warp_mode: 0,
            signature_numerator: 4, signature_denominator: 4, sample_length: audio.samples, sample_rate: audio.rate,
            available_warp_modes: [0, 1, 2, 3, 4, 6], start_time: start, end_time: start + this.beats_of_file()
        };
        this.writable = [
            ...MARKERS, "name", "color", "warping", "looping", "warp_mode", "signature_numerator", "signature_denominator"
        ];
        this.functions = ["add_warp_marker"];
    }

    beats_of_file() {
        return this.seconds * this.tempo / 60;
    }

    write(name, value) {
        const was_warped = this.values.warping === 1;
        super.write(name, value);
        if (name === "warping" && !was_warped && this.values.warping === 1) {
            this.values.loop_end = this.values.end_marker = this.beats_of_file();
        }
    }

    add_warp_marker({sample_time, beat_time}) {
        this.tempo = 60 * beat_time / sample_time;
        this.values.end_time = this.values.start_time + beat_time;
        this.values.end_marker = beat_time;
    }

    copy() {
        const copy = Object.assign(Object.create(Clip.prototype), this);
        copy.id = this.live.nodes.size + 1;
        copy.values = {...this.values};
        this.live.nodes.set(copy.id, copy);
        return copy;
    }

    dump() {
        return {...this.values, tempo: this.tempo};
    }
}

module.exports = {Clip};
