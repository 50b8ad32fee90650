"use strict";
// Values that the hand has just set. Until the engine confirms one, what it says of that value is older than
// the hand and would make the knob jump back; and if it never confirms, its word counts after a while.

var HOLD_TICKS = 2;
var NEAR = 1e-3;

exports.create = function () {
    var held = {};

    return {
        hold: function (key, value) {
            held[key] = {value: value, ticks: HOLD_TICKS};
        },

        // Whether what the engine says of a value should be shown.
        lets: function (key, value) {
            if (!held.hasOwnProperty(key)) {
                return true;
            }
            var confirmed = typeof value === "number"
                ? Math.abs(held[key].value - value) < NEAR
                : held[key].value === value;
            if (confirmed) {
                delete held[key];
            }
            return confirmed;
        },

        release: function () {
            held = {};
        },

        tick: function () {
            Object.keys(held).forEach(function (key) {
                held[key].ticks -= 1;
                if (held[key].ticks <= 0) {
                    delete held[key];
                }
            });
        }
    };
};
