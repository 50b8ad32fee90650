"use strict";
// Live 12, as much of it as the device touches, after the documented Live Object Model: a Set of tracks, scenes, clip
// slots and clips; a LiveAPI class that speaks of them by path or id, prints its errors instead of throwing them, and
// lets nothing be changed from within a notification. `snapshot()` is the whole Set as text.

const fs = require("fs");
const path = require("path");
const {Song, Node} = require("./set");

class Live {
    constructor(clock) {
        this.clock = clock;
        this.errors = [];
        this.is_ready = false;
        this.is_notifying = false;
        this.refusals = {}; // names of functions or properties that fail as if Live could not: {create_audio_clip: true}
        this.guess_tempo = null; // what Live takes a file's tempo for; null: it knows
        this.guess_warps = null; // [second, beat] where Live thinks that it hears beats; null: at the beginning alone
        this.tells_warps = true; // whether warp markers can be read; "samples": and count those, not seconds
        this.wants_quotes = false; // around paths with spaces
        this.watchers = [];
        this.fired = [];
        this.song = new Song(this);
    }

    error(text) {
        this.errors.push(text);
    }

    refuses(name) {
        return Boolean(this.refusals[name]);
    }

    snapshot() {
        return JSON.stringify(this.song.dump(), null, 1);
    }

    // A property of Live changes, by whatever hand.
    change(node, name, value) {
        node.values[name] = value;
        this.notify(node, name);
    }

    notify(node, name) {
        this.watchers.filter((one) => one.node === node && one.property === name).forEach((one) => one.tell());
    }

    notified(run) {
        this.clock.after(0, () => {
            this.is_notifying = true;
            try {
                run();
            } finally {
                this.is_notifying = false;
            }
        });
    }

    // Live's own check of a path: absolute, a file that is there, a WAV.
    audio_of(given) {
        const file_path = this.wants_quotes ? given.replace(/^"(.*)"$/, "$1") : given;
        const is_split = this.wants_quotes && given === file_path && file_path.includes(" ");
        if (is_split || !path.isAbsolute(file_path) || !fs.existsSync(file_path)) {
            this.error(`invalid audio file ${file_path}`);
            return null;
        }
        return wav_length(file_path);
    }

    api_class() {
        const live = this;
        return class LiveAPI {
            constructor(callback, place) {
                if (!live.is_ready) {
                    throw new Error("LiveAPI was used before Live's objects were there");
                }
                this.callback = callback;
                this.node = live.song.find(place);
                this.watcher = null;
                live.notified(() => this.callback(["id", Number(this.id)]));
            }

            get id() {
                return this.node && this.node.is_alive ? String(this.node.id) : "0";
            }

            get(name) {
                const value = this.node && this.node.is_alive ? this.node.read(name) : undefined;
                if (value === undefined) {
                    live.error(`get: ${this.id} has no ${name}`);
                    return [0];
                }
                if (value instanceof Node) {
                    return ["id", value.id];
                }
                const is_children = Array.isArray(value) && value.every((one) => one instanceof Node);
                return is_children && value.length ? value.flatMap((one) => ["id", one.id]) : [].concat(value);
            }

            set(name, value) {
                if (this.may_change(name)) {
                    this.node.write(name, value);
                }
            }

            call(name, ...args) {
                if (!this.may_change(name)) {
                    return undefined;
                }
                if (typeof this.node[name] !== "function" || !this.node.functions.includes(name)) {
                    return live.error(`call: ${this.node.kind} has no function ${name}`);
                }
                return live.refuses(name) ? live.error(`${name} failed`) : this.node[name](...args);
            }

            may_change(name) {
                if (live.is_notifying) {
                    live.error(`${name}: changes cannot be triggered by notifications`);
                } else if (!this.node || !this.node.is_alive) {
                    live.error(`${name}: no valid object set`);
                } else {
                    return true;
                }
                return false;
            }

            get property() {
                return this.watcher ? this.watcher.property : "";
            }

            set property(name) {
                live.watchers = live.watchers.filter((one) => one !== this.watcher);
                this.watcher = null;
                if (name !== "") {
                    const tell = () => live.notified(() => {
                        if (this.watcher) {
                            this.callback([name, ...this.get(name)]);
                        }
                    });
                    this.watcher = {node: this.node, property: name, tell};
                    live.watchers.push(this.watcher);
                    tell();
                }
            }
        };
    }
}

// Seconds and samples of a WAV, from its chunks.
function wav_length(file) {
    const data = fs.readFileSync(file);
    let rate = 0;
    let frame_bytes = 0;
    for (let at = 12; at + 8 <= data.length;) {
        const tag = data.toString("latin1", at, at + 4);
        const size = data.readUInt32LE(at + 4);
        if (tag === "fmt ") {
            rate = data.readUInt32LE(at + 12);
            frame_bytes = data.readUInt16LE(at + 20);
        } else if (tag === "data") {
            return {samples: size / frame_bytes, rate};
        }
        at += 8 + size + size % 2;
    }
    return null;
}

module.exports = {Live};
