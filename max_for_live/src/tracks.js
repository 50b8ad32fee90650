"use strict";
// What the engine says of its tracks: kept, and shown.

var LIGHTS = {empty: "off", queued: "blue", generating: "amber", ready: "green", failed: "red"};
var WORDS = {empty: "empty", queued: "queued", generating: "making", ready: "ready", failed: "failed"};
var SILENCE_DB = -120;
var FLOOR_DB = -60; // of the level bars
var CEILING_DB = 6;
var LOWEST_DB = -70; // of the volume boxes: silence
var PERCENT = 100;
var MOST_TAKES = 255; // that a number of Live's can count

function empty_track() {
    return {state: "empty", progress: 0, locked: 0, take: 0, takes: 0, prompt: "", stem: null};
}

// `values` shows what both the engine and the hand set.
exports.create = function (names, view, values) {
    var tracks = {};

    names.forEach(function (name) {
        tracks[name] = empty_track();
    });

    function show_state(name) {
        var track = tracks[name];
        var busy = track.state === "generating";
        var text = WORDS[track.state] || track.state;
        view.text(name, "state", busy ? text + " " + Math.round(PERCENT * track.progress) + "%" : text);
        view.light(name, "light", LIGHTS[track.state] || "off");
        view.bar(name, "progress", busy ? track.progress : 0);
    }

    var handlers = {
        state: function (name, atoms) {
            tracks[name].state = atoms[0];
            show_state(name);
        },
        progress: function (name, atoms) {
            tracks[name].progress = atoms[0];
            show_state(name);
        },
        lock: function (name, atoms) {
            tracks[name].locked = atoms[0];
            values.told(name, "lock", atoms[0]);
        },
        take: function (name, atoms) {
            tracks[name].take = atoms[0];
            tracks[name].takes = atoms[1];
            view.text(name, "take", atoms[0] + "/" + atoms[1]);
            values.told(name, "pick", Math.min(MOST_TAKES, atoms[0]));
        },
        prompt: function (name, atoms) {
            tracks[name].prompt = String(atoms[0]);
        },
        volume: function (name, atoms) {
            values.told(name, "volume", Math.max(LOWEST_DB, atoms[0]));
        },
        param: function (name, atoms) {
            values.told(name, atoms[0], atoms[0] === "octave" ? atoms[1] : PERCENT * atoms[1]);
        },
        level: function (name, atoms) {
            view.bar(name, "level", Math.max(0, atoms[0] - FLOOR_DB) / (CEILING_DB - FLOOR_DB));
        },
        stem: function (name, atoms) {
            tracks[name].stem = {file: atoms[0], tempo: atoms[1], key: atoms[2], bars: atoms[3]};
        }
    };

    return {
        SILENCE_DB: SILENCE_DB,
        LOWEST_DB: LOWEST_DB,

        get: function (name) {
            return tracks[name];
        },

        // A message of the engine about a track that is none of ours is none of our business.
        heard: function (key, name, atoms) {
            if (tracks.hasOwnProperty(name) && handlers.hasOwnProperty(key)) {
                handlers[key](name, atoms);
            }
        },

        quiet: function () {
            names.forEach(function (name) {
                view.bar(name, "level", 0);
            });
        }
    };
};
