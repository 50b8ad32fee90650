"use strict";
// The device: its parts, and what passes between them.
//
//     engine -> from_engine -> tracks, frame, scenes -> view -> widgets
//     widgets -> from_widgets -> settings, fields, targets, controls -> engine
//     Live -> observers -> follow -> engine
//     finished stem -> placement -> session or arrangement -> clips -> Live

var addresses = require("./addresses");
var OURS = require("./tracks.json");
var NO_TARGET = require("./from_widgets").NO_TARGET;

var NAME = "Max for Live";
var TICK_MS = 1000;
var NAMES = OURS.map(function (one) {
    return one.name;
});

// What needs nothing but the outlets and Live.
function add_simple_parts(parts, max) {
    parts.view = require("./view").create(max.to_widgets);
    parts.buttons = require("./buttons").create(parts.view, max.task);
    parts.values = require("./values").create(parts.view);
    parts.fields = require("./fields").create(parts.view, parts.later);
    parts.settings = require("./settings").create(NAMES);
    parts.tracks = require("./tracks").create(NAMES, parts.view, parts.values);
    parts.frame = require("./frame").create(parts.view, parts.values);
    parts.scenes = require("./scenes").create(parts.view);
    parts.requests = require("./requests").create(parts.send, max.random);
    parts.lom = require("./lom").create(max.api);
    parts.observers = require("./observers").create(max.api);
    parts.track_names = require("./observers").create(max.api);
}

function add_placement(parts) {
    var clips = require("./clips").create(parts.lom);
    parts.targets = require("./targets").create(parts.lom, parts.view, NAMES, function (name, title) {
        parts.view.tell(name, "target_name", [title || NO_TARGET]);
    });
    parts.placement = require("./placement").create({
        tracks: parts.tracks, frame: parts.frame, settings: parts.settings, follow: parts.follow,
        targets: parts.targets, log: parts.view.log, warn: parts.view.warn,
        session: require("./session").create(parts.lom, clips),
        arrangement: require("./arrangement").create(parts.lom, clips)
    });
}

function create_link(parts, max) {
    return require("./link").create({
        name: NAME,
        random: max.random,
        send: function (key, atoms) {
            parts.send(key, "", atoms);
        },
        listen: function (port) {
            max.to_receiver(["port", port]);
        },
        changed: function (connected) {
            parts.sync.begin();
            parts.requests.forget();
            parts.values.release();
            if (!connected) {
                parts.view.light("set", "connection", "amber");
                parts.view.text("set", "status", "looking for the engine");
                parts.tracks.quiet();
            }
        }
    });
}

// Everything that was saved with the Set is asked for: not every widget says it of itself when it loads.
function ask_widgets(parts) {
    parts.settings.widgets().forEach(function (widget) {
        parts.view.tell(widget[0], widget[1], ["outputvalue"]);
    });
    NAMES.forEach(function (name) {
        parts.view.tell(name, "prompt", ["bang"]);
        parts.view.tell(name, "target_name", ["bang"]);
    });
    parts.view.tell("set", "prompt", ["bang"]);
    parts.view.tell("set", "scene", ["bang"]);
}

// The menus of targets follow the Set's tracks and their names.
function watch_tracks(parts) {
    function refresh() {
        parts.later(parts.targets.refresh);
    }
    parts.observers.watch("live_set", "tracks", function () {
        parts.later(function () {
            parts.track_names.close();
            parts.targets.tracks().forEach(function (track) {
                parts.track_names.watch("id " + parts.lom.id(track), "name", refresh);
            });
            parts.targets.refresh();
        });
    });
}

// `max`: the outlets as functions, `api(path, callback)`, `task(run)`, `random()`.
exports.create = function (max) {
    var is_loaded = false; // Live's objects are there
    var parts = {names: NAMES, to_engine: max.to_engine};

    parts.send = function (key, track, atoms) {
        max.to_engine([addresses.address(key, track)].concat(atoms));
    };
    parts.later = require("./later").create(max.task);
    parts.is_loaded = function () {
        return is_loaded;
    };
    parts.has_scale = function () {
        return is_loaded && parts.lom.number(parts.lom.at("live_set"), "scale_mode") === 1;
    };
    parts.place = function (name) {
        if (is_loaded) {
            parts.placement.place(OURS[NAMES.indexOf(name)]);
        }
    };
    parts.place_if_auto = function (name) {
        if (parts.settings.is_auto(name)) {
            parts.later(function () {
                parts.place(name);
            });
        }
    };

    add_simple_parts(parts, max);
    parts.sync = require("./sync").create(parts);
    parts.follow = require("./follow").create({
        lom: parts.lom, send: parts.send, task: max.task, warn: parts.view.warn, observers: parts.observers,
        is_ready: parts.sync.is_done
    });
    parts.link = create_link(parts, max);
    add_placement(parts);
    parts.controls = require("./controls").create(parts);
    var from_engine = require("./from_engine").create(parts);
    var from_widgets = require("./from_widgets").create(parts);
    var clock = max.task(function () {
        parts.link.tick();
        parts.sync.tick();
        parts.view.tick();
        parts.values.tick();
        clock.schedule(TICK_MS);
    });

    return {
        // Live's objects are there. It is said again when a preset is loaded.
        ready: function () {
            ask_widgets(parts);
            if (!is_loaded) {
                is_loaded = true;
                watch_tracks(parts);
                parts.follow.start();
                parts.link.start();
                clock.schedule(TICK_MS);
            }
        },
        heard: from_engine.heard,
        said: from_widgets.said,
        close: function () {
            clock.cancel();
            parts.buttons.close();
            parts.follow.close();
            parts.observers.close();
            parts.track_names.close();
        }
    };
};
