"use strict";
// Live with our device in it, and an engine of paper that answers what a test tells it to.

const fs = require("fs");
const path = require("path");
const {MadeUpClock} = require("./clock");
const {Live} = require("./live");
const {PaperNetwork} = require("./networks");
const {Patch} = require("./patch");

const FOLDER = process.env.DEVICE_FOLDER;
const TRACKS = ["drums", "bass", "harmony", "melody"];

class World {
    constructor({tracks = [], saved = {}, before = () => {}} = {}) {
        this.clock = new MadeUpClock();
        this.network = new PaperNetwork();
        this.live = new Live(this.clock);
        tracks.forEach(([name, options]) => this.live.song.add_track(name, options));
        before(this);
        this.patch = this.open(saved);
        this.wait(20);
    }

    open(saved = {}) {
        return new Patch({folder: FOLDER, clock: this.clock, network: this.network, live: this.live, saved});
    }

    wait(ms) {
        this.clock.advance(ms);
    }

    // The engine says something to the device.
    say(...atoms) {
        this.network.say(this.patch.receiver.port, ...atoms);
        this.wait(10);
    }

    // Every message that was sent to an address, without the address.
    sent(address) {
        return this.network.sent.filter((atoms) => atoms[0] === address).map((atoms) => atoms.slice(1));
    }

    forget_sent() {
        this.network.sent = [];
    }

    widget(group, name) {
        return this.patch.widget(group, name);
    }

    press(group, name) {
        this.widget(group, name).click();
        this.wait(250);
    }

    type(group, name, text) {
        this.widget(group, name).type(text);
    }

    get log() {
        return this.widget("set", "log").text;
    }

    // The engine answers a hello with everything it knows.
    connect(values = []) {
        this.say("/rg/hello", "0.1.0", 30, "default");
        this.dump(values);
    }

    dump(values = []) {
        this.say("/rg/update", 1);
        this.say("/rg/set/open", "default");
        this.say("/rg/set/folder", this.folder || "/nowhere");
        this.say("/rg/signature", 4, 4);
        this.say("/rg/when", "loop");
        TRACKS.forEach((track) => this.say(`/rg/track/${track}/prompt`, ""));
        values.forEach((atoms) => this.say(...atoms));
        this.say("/rg/update", 0);
    }

    // A stem of so many bars of silence, on the disk and told.
    stem(track, {take = 1, bars = 1, bar_beats = 4, tempo = 120, key = "Am", told = true} = {}) {
        this.folder = this.folder || fs.mkdtempSync(path.join(process.env.SCRATCH, "set "));
        const file = `${track}_${tempo}bpm_${key}_${bars}bars_t${take}.wav`;
        fs.mkdirSync(path.join(this.folder, "stems"), {recursive: true});
        fs.writeFileSync(path.join(this.folder, "stems", file), wav(Math.round(bars * bar_beats * 60 / tempo * 44100)));
        this.say("/rg/set/folder", this.folder);
        if (told) {
            this.tell_stem(track, file, tempo, key, bars);
        }
        return file;
    }

    tell_stem(track, file, tempo, key, bars) {
        this.say(`/rg/track/${track}/stem`, file, tempo + 1e-4, key, bars, 1);
        this.wait(20);
    }

    // Slots of a track as what is in them: names of clips, or null.
    slots(index) {
        return this.live.song.tracks[index].clip_slots.map((slot) => slot.clip && slot.clip.values.name);
    }
}

// 24-bit stereo silence at 44.1 kHz.
function wav(frames) {
    const head = Buffer.alloc(44);
    head.write("RIFF", 0);
    head.writeUInt32LE(36 + frames * 6, 4);
    head.write("WAVEfmt ", 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(2, 22);
    head.writeUInt32LE(44100, 24);
    head.writeUInt32LE(44100 * 6, 28);
    head.writeUInt16LE(6, 32);
    head.writeUInt16LE(24, 34);
    head.write("data", 36);
    head.writeUInt32LE(frames * 6, 40);
    return Buffer.concat([head, Buffer.alloc(frames * 6)]);
}

module.exports = {World, TRACKS, FOLDER};
