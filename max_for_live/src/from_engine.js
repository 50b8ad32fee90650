"use strict";
// What the engine says, and who it concerns.

var addresses = require("./addresses");

exports.create = function (parts) {
    var view = parts.view;
    var version = "";

    function show_set(name) {
        view.text("set", "status", name + " (" + version + ")");
    }

    function list_scenes() {
        if (parts.sync.is_done()) {
            parts.send("scene_list", "", []);
        }
    }

    var handlers = {
        hello: function (atoms) {
            parts.link.welcomed();
            version = atoms[0];
            show_set(atoms[2]);
        },
        pong: function (atoms) {
            parts.link.pong(atoms[0]);
        },
        startup: function () {
            parts.link.started();
        },
        update: function (atoms) {
            if (atoms[0] === 1) {
                parts.sync.begin();
            } else {
                parts.sync.end();
            }
        },
        done: function (atoms) {
            var what = parts.requests.end(atoms[1]);
            if (what) {
                view.log(what + ": done");
            }
        },
        fail: function (atoms) {
            var what = parts.requests.end(atoms[1]);
            if (what || atoms[1] < 0) {
                parts.values.release();
                view.warn((what || atoms[0]) + " failed: " + atoms[3]);
            }
        },
        log: function (atoms) {
            (atoms[0] === "info" ? view.log : view.warn)(atoms[1]);
        },
        conflict: function (atoms) {
            view.warn(atoms[3]);
        },
        // Another set, other stems: they are not takes that have just been made, so it is as at the beginning.
        set_opened: function (atoms) {
            show_set(atoms[0]);
            if (parts.sync.is_done()) {
                parts.sync.begin();
                parts.link.started();
            }
        },
        scene_name: function (atoms) {
            parts.scenes.heard(atoms[0], atoms[1], String(atoms[2]));
        },
        scene_saved: list_scenes,
        scene_deleted: list_scenes
    };

    function of_track(key, name, atoms) {
        var track = parts.tracks.get(name);
        if (!track) {
            return; // of a plug-in: there is no row for it
        }
        var before = track.stem;
        parts.tracks.heard(key, name, atoms);
        if (key === "stem" && (!before || before.file !== atoms[0])) {
            parts.sync.stem(name, before !== null);
        } else if (key === "prompt" && parts.sync.is_done()) {
            parts.fields.show(name, "prompt", track.prompt);
        }
    }

    function of_frame(key, atoms) {
        parts.frame.heard(key, atoms);
        if (key === "playing" && atoms[0] === 0) {
            parts.tracks.quiet();
        }
    }

    return {
        heard: function (address, atoms) {
            var meaning = addresses.meaning(address);
            parts.link.heard();
            if (meaning === null) {
                return;
            }
            if (meaning.track) {
                of_track(meaning.key, meaning.track, atoms);
            } else if (handlers.hasOwnProperty(meaning.key)) {
                handlers[meaning.key](atoms);
            } else {
                of_frame(meaning.key, atoms);
            }
        }
    };
};
