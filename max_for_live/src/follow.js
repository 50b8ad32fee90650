"use strict";
// Live leads: its tempo, time signature, scale and transport go to the engine as they change. What comes from
// the engine is never set in Live, so nothing goes round in circles.

var keys = require("./keys");
var MIN_TEMPO = 40;
var MAX_TEMPO = 240;
var SETTLE_MS = 40; // a signature changes in two steps; and tempo automation is dense
var POSITION_MS = 100;
var JUMP_BEATS = 1;

// `lom`: Live's objects; `send(key, track, atoms)` to the engine; `task(run)` makes a Task of Max; `warn(text)`.
exports.create = function (options) {
    var send = options.send;
    var live = {tempo: 0, beats: 4, unit: 4, root: 0, scale: "", playing: 0, time: 0};
    var told = {}; // what the engine was told, by address key
    var changed = {}; // what has changed in Live since
    var on = true;
    var reported = null; // the beat of the last position
    var song = null; // Live's objects are there

    var settle = options.task(function () {
        var news = Object.keys(changed);
        changed = {};
        news.forEach(function (key) {
            tell[key]();
        });
    });
    var rolling = options.task(function () {
        tell.position();
        rolling.schedule(POSITION_MS);
    });

    function once(key, atoms) {
        var text = atoms.join(" ");
        if (told[key] !== text) {
            told[key] = text;
            send(key, "", atoms);
        }
    }

    var tell = {
        tempo: function () {
            if (live.tempo < MIN_TEMPO || live.tempo > MAX_TEMPO) {
                options.warn("Live's tempo is outside " + MIN_TEMPO + " to " + MAX_TEMPO + " bpm: not followed");
            } else if (live.tempo) {
                once("tempo", [live.tempo]);
            }
        },
        signature: function () {
            once("signature", [live.beats, live.unit]);
        },
        key: function () {
            var key = keys.key_of(live.root, live.scale);
            if (key) {
                once("key", [key]);
            } else if (live.scale) {
                options.warn("The engine has no scale like Live's " + live.scale + ": its key stays");
            }
        },
        position: function () {
            if (is_leading() && live.tempo >= 1) {
                live.time = options.lom.number(song, "current_song_time"); // what was notified is older
                reported = live.time;
                send("position", "", [live.time, live.tempo, live.playing ? 1 : 0]);
            }
        }
    };

    function is_leading() {
        return on && options.is_ready();
    }

    function note(key) {
        if (is_leading()) {
            if (!Object.keys(changed).length) {
                settle.schedule(SETTLE_MS);
            }
            changed[key] = true;
        }
    }

    function follow_value(property, name, key) {
        options.observers.watch("live_set", property, function (value) {
            var is_news = live[name] !== value;
            live[name] = value;
            if (is_news) {
                note(key);
            }
        });
    }

    // Where Live's scale counts from now on.
    function follow_scale_mode() {
        options.observers.watch("live_set", "scale_mode", function (value) {
            if (Number(value) === 1) {
                note("key");
            }
        });
    }

    function follow_transport() {
        options.observers.watch("live_set", "is_playing", function (value) {
            live.playing = Number(value);
            rolling.cancel();
            tell.position();
            if (live.playing) {
                rolling.schedule(POSITION_MS);
            }
        });
        options.observers.watch("live_set", "current_song_time", function (value) {
            live.time = Number(value);
            var has_jumped = reported === null || Math.abs(live.time - reported) >= JUMP_BEATS;
            if (has_jumped && live.playing) {
                tell.position();
            } else if (!live.playing && live.time !== reported) {
                note("position");
            }
        });
    }

    return {
        // Live's objects are there.
        start: function () {
            song = options.lom.at("live_set");
            follow_value("tempo", "tempo", "tempo");
            follow_value("signature_numerator", "beats", "signature");
            follow_value("signature_denominator", "unit", "signature");
            follow_value("root_note", "root", "key");
            follow_value("scale_name", "scale", "key");
            follow_scale_mode();
            follow_transport();
        },

        // Everything anew: the engine is new, or following was switched on. The scale only where Live's
        // scale mode is on: without it, it is C Major because nobody has chosen one.
        tell_all: function (has_scale) {
            told = {};
            if (is_leading()) {
                tell.tempo();
                tell.signature();
                if (has_scale) {
                    tell.key();
                }
                tell.position();
            }
        },

        turn: function (value) {
            on = value !== 0;
        },

        is_playing: function () {
            return live.playing !== 0;
        },

        time: function () {
            return live.time;
        },

        close: function () {
            settle.cancel();
            rolling.cancel();
        }
    };
};
