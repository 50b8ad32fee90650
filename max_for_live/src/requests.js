"use strict";
// What was asked of the engine and is not finished yet, by request id.

var PLACES = 0xffff; // how many ids each device has; the rest of an id's 24 bits says whose it is

// `send(key, track, atoms)`; `random()` from 0 to 1: other programs' answers may reach us too, and their ids
// must not be taken for ours.
exports.create = function (send, random) {
    var base = Math.floor(random() * 0xfe + 1) * 0x10000;
    var count = 0;
    var waiting = {};

    return {
        ask: function (key, track, atoms, what) {
            count = count % PLACES + 1;
            waiting[base + count] = what;
            send(key, track, atoms.concat([base + count]));
        },

        // What has ended, in words; null when it was not ours.
        end: function (id) {
            var what = waiting.hasOwnProperty(id) ? waiting[id] : null;
            delete waiting[id];
            return what;
        },

        forget: function () {
            waiting = {};
        }
    };
};
