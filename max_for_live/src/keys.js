"use strict";
// Live's scale as a key of the engine.

var scales = require("./scales.json");
var NOTES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

// `root`: pitch class, C is 0. "" for a scale that no key of the engine stands for.
exports.key_of = function (root, scale) {
    return scales.hasOwnProperty(scale) ? NOTES[(root % 12 + 12) % 12] + " " + scales[scale] : "";
};
