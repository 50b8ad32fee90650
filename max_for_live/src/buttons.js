"use strict";
// Buttons are switches of Live's that spring back: Live's key mapping flips a switch at each press, and would lose
// every other one. They wait a moment with it: a short pulse of automation is over by then, and is not overridden.

var SPRING_MS = 200;

// `task_of(run)` makes a Task of Max.
exports.create = function (view, task_of) {
    var springs = {};

    function spring(group, name) {
        var key = group + " " + name;
        if (!springs.hasOwnProperty(key)) {
            springs[key] = task_of(function () {
                view.release(group, name);
            });
        }
        return springs[key];
    }

    return {
        // Whether this is a press: a switch that goes off is none.
        said: function (group, name, value) {
            if (value === 0) {
                spring(group, name).cancel();
            } else {
                spring(group, name).schedule(SPRING_MS);
            }
            return value !== 0;
        },

        close: function () {
            Object.keys(springs).forEach(function (key) {
                springs[key].cancel();
            });
        }
    };
};
