"use strict";
// A new clip, dressed: warped, looped over its bars, then named and coloured. What Live took over is read back,
// and a name is given only when all the rest is right.

var stems = require("./stems");
var NEAR_BEATS = 1e-3;
var WARP_NEAR_BEATS = 0.02; // two stems of this difference are out of step by less than 10 ms
var NAMED_WARP_MODES = 4; // of a mode that this clip cannot have, Complex

exports.create = function (lom) {
    function near(object, name, wanted, tolerance) {
        return Math.abs(lom.number(object, name) - wanted) <= tolerance;
    }

    function set_checked(clip, name, value) {
        if (!near(clip, name, value, NEAR_BEATS)) {
            clip.set(name, value);
        }
        return near(clip, name, value, NEAR_BEATS);
    }

    function warp_mode(clip, wanted) {
        var modes = clip.get("available_warp_modes");
        var known = Array.isArray(modes) && modes.length > 0;
        return !known || modes.indexOf(wanted) >= 0 ? wanted : NAMED_WARP_MODES;
    }

    // Live guesses a file's tempo. Where its guess is wrong, the end of the file is put on the beat it ends at.
    function straighten(clip, beats) {
        var seconds = lom.number(clip, "sample_length") / lom.number(clip, "sample_rate");
        if (!near(clip, "end_marker", beats, WARP_NEAR_BEATS) && seconds > 0) {
            clip.call("add_warp_marker", {sample_time: seconds, beat_time: beats});
            clip.set("end_marker", beats);
        }
    }

    function loop(clip, beats) {
        return set_checked(clip, "looping", 1) && set_checked(clip, "loop_start", 0) &&
            set_checked(clip, "loop_end", beats) && set_checked(clip, "start_marker", 0);
    }

    return {
        // "" when it is done, else why not; then nothing is named or coloured.
        dress: function (clip, wanted) {
            if (stems.base_name(lom.text(clip, "file_path")) !== wanted.file) {
                return "Live made a clip of another file";
            }
            if (!set_checked(clip, "warping", 1)) {
                return "Live does not warp it";
            }
            straighten(clip, wanted.beats);
            if (!loop(clip, wanted.beats)) {
                return "Live does not loop it over " + wanted.beats + " beats";
            }
            clip.set("signature_numerator", wanted.signature[0]);
            clip.set("signature_denominator", wanted.signature[1]);
            clip.set("warp_mode", warp_mode(clip, wanted.warp_mode));
            clip.set("name", wanted.name);
            clip.set("color", wanted.color);
            return "";
        },

        // Whether a clip is one of ours for this track, still under the name that we gave it.
        is_ours: function (clip, track) {
            var file = stems.base_name(lom.text(clip, "file_path"));
            return lom.exists(clip) && lom.number(clip, "is_audio_clip") === 1 &&
                file.indexOf(track.name + "_") === 0 &&
                lom.text(clip, "name") === stems.clip_name(track.title, file);
        },

        file_of: function (clip) {
            return stems.base_name(lom.text(clip, "file_path"));
        }
    };
};
