"use strict";
// What the device shows. Every message begins with the widget's group (set, or a track) and its name.

var texts = require("./texts");
var lights = require("./lights.json");

// `say(atoms)` takes a message to the widgets.
exports.create = function (say) {
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

        log: function (text) {
            tell("set", "log", ["set"].concat(texts.to_atoms(text)));
        }
    };
};
