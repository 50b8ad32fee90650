"use strict";
// The engine's frame: tempo, signature, key, bars, when a take takes over, and which clock leads.

var WHEN = ["now", "beat", "bar", "loop", "manual"];

exports.WHEN = WHEN;

exports.create = function (view, values) {
    var frame = {tempo: 0, beats: 4, unit: 4, key: "-", bars: 8, when: "loop", clock: "", playing: 0, folder: ""};

    function show() {
        var tempo = frame.tempo ? frame.tempo.toFixed(2) : "-";
        var told = [tempo + " bpm", frame.beats + "/" + frame.unit, frame.key];
        view.text("set", "frame", told.concat(frame.clock ? ["clock: " + frame.clock] : []).join(" | "));
    }

    var handlers = {
        tempo: function (atoms) {
            frame.tempo = atoms[0];
        },
        signature: function (atoms) {
            frame.beats = atoms[0];
            frame.unit = atoms[1];
        },
        key: function (atoms) {
            frame.key = String(atoms[0]);
        },
        clock: function (atoms) {
            frame.clock = atoms[0];
        },
        folder: function (atoms) {
            frame.folder = String(atoms[0]);
        },
        playing: function (atoms) {
            frame.playing = atoms[0];
        },
        bars: function (atoms) {
            frame.bars = atoms[0];
            values.told("set", "bars", atoms[0]);
        },
        when: function (atoms) {
            frame.when = atoms[0];
            values.told("set", "when", WHEN.indexOf(atoms[0]));
        }
    };

    return {
        get: function () {
            return frame;
        },

        // Length of so many bars in quarter notes, as Live counts.
        beats_of: function (bars) {
            return bars * frame.beats * 4 / frame.unit;
        },

        heard: function (key, atoms) {
            if (handlers.hasOwnProperty(key)) {
                handlers[key](atoms);
                show();
            }
        }
    };
};
