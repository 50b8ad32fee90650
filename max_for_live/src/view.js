"use strict";
// What the device shows. Every message begins with the widget's group (set, or a track) and its name.

var texts = require("./texts");
var lights = require("./lights.json");

var WARNING_TICKS = 5; // seconds that the bottom line keeps what went wrong

// `say(atoms)` takes a message to the widgets.
exports.create = function (say) {
    var warned = 0; // ticks for which what went wrong still stands there

    function write(text) {
        tell("set", "log", ["set"].concat(texts.to_atoms(text)));
    }

    function tell(group, name, atoms) {
        say([group, name].concat(atoms));
    }

    return {
        tell: tell,

        // Show a value without a word of it coming back.
        show: function (group, name, value) {
            tell(group, name, ["set", value]);
        },

        text: function (group, name, text) {
            tell(group, name, ["set"].concat(texts.to_atoms(text)));
        },

        light: function (group, name, color) {
            tell(group, name, ["bgfillcolor"].concat(lights[color]));
        },

        bar: function (group, name, value) {
            tell(group, name, [value]);
        },

        // A button springs back.
        release: function (group, name) {
            tell(group, name, [0]);
        },

        // Fill a chooser; `chosen` counts from 0.
        items: function (group, name, items, chosen) {
            tell(group, name, ["clear"]);
            items.forEach(function (item) {
                tell(group, name, ["append", item]);
            });
            tell(group, name, ["set", chosen]);
        },

        // What was done; it gives way to what went wrong.
        log: function (text) {
            if (warned === 0) {
                write(text);
            }
        },

        warn: function (text) {
            warned = WARNING_TICKS;
            write(text);
        },

        // The hand goes on: what went wrong has been read.
        move_on: function () {
            warned = 0;
        },

        tick: function () {
            warned = Math.max(0, warned - 1);
        }
    };
};
