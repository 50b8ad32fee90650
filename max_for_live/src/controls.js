"use strict";
// What the hand, a clip's automation or Push does to a widget, as requests to the engine.

var WHEN = require("./frame").WHEN;
var PERCENT = 100;
var PARAMS = ["density", "energy", "brightness", "swing", "humanize", "octave", "glide", "drive"];
var TRIGGERS = ["generate", "cancel", "launch", "save", "load", "new", "previous", "next", "place"];

exports.create = function (parts) {
    var send = parts.send;
    var fields = parts.fields;
    var ask = parts.requests.ask;
    var triggers = {};
    var setters = {};

    triggers.generate = function () {
        fields.read("set", "prompt", function (text) {
            if (text) {
                ask("generate", "", [text], "generate");
            } else {
                parts.view.warn("Type what to play into the big field first, then press Generate");
            }
        });
    };
    triggers.cancel = function () {
        send("cancel", "", []);
    };
    triggers.launch = function () {
        send("launch", "", []);
        parts.placement.launch();
    };
    triggers.save = function () {
        with_scene_name("scene_save", "scene saved: ");
    };
    triggers.load = function () {
        with_scene_name("scene_load", "scene loaded: ");
    };
    triggers.new = function (track) {
        fields.read(track, "prompt", function (text) {
            ask("regenerate", track, text ? [text] : [], "new take of " + track);
        });
    };
    triggers.previous = function (track) {
        select_take(track, parts.tracks.get(track).take - 1);
    };
    triggers.next = function (track) {
        select_take(track, parts.tracks.get(track).take + 1);
    };
    triggers.place = function (track) {
        parts.place(track);
    };

    setters.when = function (group, value) {
        send("when", "", [WHEN[value]]);
    };
    setters.bars = function (group, value) {
        send("bars", "", [value]);
    };
    setters.lock = function (track, value) {
        send("lock", track, [value]);
    };
    // There is no such take: the number springs back.
    setters.pick = function (track, value) {
        var there = parts.tracks.get(track);
        if (value >= 1 && value <= there.takes) {
            send("take", track, [value]);
        } else {
            parts.values.told(track, "pick", there.take);
        }
    };
    setters.volume = function (track, value) {
        send("volume", track, [value <= parts.tracks.LOWEST_DB ? parts.tracks.SILENCE_DB : value]);
    };
    PARAMS.forEach(function (name) {
        setters[name] = function (track, value) {
            send("param", track, [name, name === "octave" ? value : value / PERCENT]);
        };
    });

    function with_scene_name(key, words) {
        fields.read("set", "scene", function (name) {
            if (name) {
                ask(key, "", [name], words + name);
            } else {
                parts.view.warn("Type the name of the scene first");
            }
        });
    }

    function select_take(track, number) {
        if (number >= 1 && number <= parts.tracks.get(track).takes) {
            send("take", track, [number]);
        }
    }

    function press(group, name) {
        parts.view.move_on();
        if (parts.sync.is_done() || name === "place") {
            triggers[name](group);
        } else {
            parts.view.warn("No engine answers at port " + parts.settings.port() + ": start it with resonantgen serve");
        }
    }

    // What is set before the engine has told its values is not the hand's doing.
    function send_value(group, name, value) {
        if (parts.sync.is_done()) {
            parts.values.hold(group, name);
            setters[name](group, value);
        }
    }

    return {
        // A widget said something.
        said: function (group, name, value) {
            if (TRIGGERS.indexOf(name) >= 0) {
                if (parts.buttons.said(group, name, value)) {
                    press(group, name);
                }
            } else if (setters.hasOwnProperty(name)) {
                parts.values.said(group, name, value);
                send_value(group, name, value);
            }
        }
    };
};
