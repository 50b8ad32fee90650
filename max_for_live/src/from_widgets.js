"use strict";
// What the widgets say: texts, choices and the device's own settings; all else is a request to the engine (controls).

var NO_TARGET = "none";

exports.NO_TARGET = NO_TARGET;

exports.create = function (parts) {
    function engine_moved() {
        parts.to_engine(["port", parts.settings.port()]);
        if (parts.is_loaded()) {
            parts.link.restart();
        }
    }

    var changes = {
        port: engine_moved,
        follow: function (value) {
            parts.follow.turn(value);
            parts.follow.tell_all(parts.has_scale());
        }
    };

    var handlers = {
        prompt: function (group, atoms) {
            var is_news = parts.fields.said(group, "prompt", atoms);
            if (is_news && group !== "set" && parts.sync.is_done()) {
                parts.send("prompt", group, [parts.fields.get(group, "prompt")]);
            }
        },
        scene: function (group, atoms) {
            parts.fields.said(group, "scene", atoms);
        },
        scenes: function (group, atoms) {
            var name = parts.scenes.at(atoms[0]);
            if (name) {
                parts.fields.show("set", "scene", name);
            }
        },
        target: function (group, atoms) {
            parts.targets.choose(group, atoms[0]);
        },
        // A pattr that was never set says 0.
        target_name: function (group, atoms) {
            var title = typeof atoms[0] === "string" ? atoms.join(" ") : NO_TARGET;
            parts.targets.recall(group, title === NO_TARGET ? "" : title);
        }
    };

    return {
        said: function (group, name, atoms) {
            if (handlers.hasOwnProperty(name)) {
                handlers[name](group, atoms);
                return;
            }
            var setting = parts.settings.take(group, name, atoms[0]);
            if (!setting.known) {
                parts.controls.said(group, name, atoms[0]);
            } else if (setting.news && changes.hasOwnProperty(name)) {
                changes[name](atoms[0]);
            }
        }
    };
};
