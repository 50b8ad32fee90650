"use strict";
// Who says what first when the engine is found: it tells every value, then it hears what came with the Set (the
// prompts of the tracks, and Live's frame). Until then nothing of the device is sent as if a hand had set it.
//
// UDP may lose the word that all is told: after LOST_TICKS without it, the engine is greeted once more.

var LOST_TICKS = 4;

exports.create = function (parts) {
    var is_done = false;
    var ticks = 0; // since it began
    var folder = ""; // of the set that was told last
    var missed = []; // tracks whose take came while the connection was down

    function tell_prompts() {
        parts.names.forEach(function (name) {
            var text = parts.fields.get(name, "prompt");
            var theirs = parts.tracks.get(name).prompt;
            if (!text) {
                parts.fields.show(name, "prompt", theirs);
            } else if (text !== theirs) {
                parts.send("prompt", name, [text]);
            }
        });
    }

    return {
        is_done: function () {
            return is_done && parts.link.is_connected();
        },

        begin: function () {
            is_done = false;
            ticks = 0;
        },

        tick: function () {
            ticks = is_done || !parts.link.is_connected() ? 0 : ticks + 1;
            if (ticks >= LOST_TICKS) {
                ticks = 0;
                parts.link.started();
            }
        },

        end: function () {
            var is_same = folder !== "" && folder === parts.frame.get().folder;
            is_done = true;
            folder = parts.frame.get().folder;
            parts.view.light("set", "connection", "green");
            tell_prompts();
            parts.send("scene_list", "", []);
            parts.follow.tell_all(parts.has_scale());
            missed.filter(function () {
                return is_same;
            }).forEach(parts.place_if_auto);
            missed = [];
        },

        // A stem that was not there before: `had_one` tells whether the track had another.
        stem: function (name, had_one) {
            if (is_done) {
                parts.place_if_auto(name);
            } else if (had_one) {
                missed.push(name);
            }
        }
    };
};
