"use strict";
// The scenes that the engine keeps of this set: a menu of their names.

var TITLE = "scenes";

exports.create = function (view) {
    var names = [];

    return {
        // One line of the engine's list: they count from 1, and an empty list is 0 of 0.
        heard: function (index, count, name) {
            if (index <= 1) {
                names = [];
            }
            if (count > 0) {
                names.push(name);
            }
            if (index === count) {
                view.items("set", "scenes", [TITLE].concat(names), 0);
            }
        },

        // The name behind an item of the menu; "" for its title.
        at: function (index) {
            return index > 0 ? names[index - 1] || "" : "";
        }
    };
};
