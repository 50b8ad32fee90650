"use strict";
// Finished stems become clips in Live. A placement that fails leaves the Set as it was, and says why.

var stems = require("./stems");
var MANUAL = "manual";
var CHANNEL = 256;

// `tracks`, `frame`: what the engine says; `settings`: the device's own; `follow`: Live's transport.
exports.create = function (options) {
    var waiting = []; // slots that Launch will start, and whose they are

    function wanted_of(ours, stem) {
        var frame = options.frame.get();
        var color = ours.color;
        return {
            file: stem.file,
            paths: stems.paths(frame.folder, stem.file),
            tempo: stem.tempo,
            bars: stem.bars,
            beats: options.frame.beats_of(stem.bars),
            signature: [frame.beats, frame.unit],
            name: stems.clip_name(ours.title, stem.file),
            color: (color[0] * CHANNEL + color[1]) * CHANNEL + color[2],
            warp_mode: ours.warp_mode,
            slot: options.settings.slot(ours.name) - 1,
            // With Manual, what plays goes on until Launch: its clip is left alone.
            replaces: options.settings.replaces() && frame.when !== MANUAL
        };
    }

    function place_in_arrangement(target, ours, wanted) {
        var at = {
            beat: options.follow.time(), rolling: options.follow.is_playing(), bar_beats: options.frame.beats_of(1)
        };
        var result = options.arrangement.place(target.track, ours, wanted, at);
        if (!result.error) {
            result.where = (result.lane ? "take lane at beat " : "beat ") + result.beat;
        }
        return result;
    }

    function place_in_session(target, ours, wanted) {
        var result = options.session.place(target.track, ours, wanted);
        if (!result.error) {
            result.where = "slot " + (result.index + 1);
            launch(target.track, ours, result.slot);
        }
        return result;
    }

    // Only while Live plays, and never over a clip of the musician's. Live's own quantisation says when it starts.
    function launch(track, ours, slot) {
        if (options.frame.get().when === MANUAL) {
            waiting.push({slot: slot, ours: ours});
        } else if (options.follow.is_playing() && !options.session.is_taken(track, ours)) {
            options.session.fire(slot, ours);
        }
    }

    function attempt(ours, stem) {
        if (!options.frame.get().folder) {
            return {error: "the engine did not say where its stems are"};
        }
        var target = options.targets.resolve(ours.name, ours.title);
        if (target.error) {
            return target;
        }
        var wanted = wanted_of(ours, stem);
        var place = options.settings.in_arrangement() ? place_in_arrangement : place_in_session;
        var result = place(target, ours, wanted);
        if (result.error) {
            target.undo();
            return result;
        }
        options.targets.keep(ours.name, target);
        return {text: wanted.name + ": " + target.title + ", " + result.where};
    }

    return {
        place: function (ours) {
            var stem = options.tracks.get(ours.name).stem;
            if (!stem) {
                options.warn(ours.title + ": there is no take to place yet");
                return;
            }
            var result = attempt(ours, stem);
            if (result.error) {
                options.warn(ours.title + " was not placed: " + result.error);
            } else {
                options.log(result.text);
            }
        },

        launch: function () {
            waiting.forEach(function (one) {
                options.session.fire(one.slot, one.ours);
            });
            waiting = [];
        }
    };
};
