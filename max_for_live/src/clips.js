"use strict";
// A new clip, dressed: warped, looped over its bars, then named and coloured. What Live took over is read back,
// and a name is given only when all the rest is right.

var stems = require("./stems");
var NEAR_BEATS = 1e-3;
var NEAR_WHOLE_BEATS = 0.02;
var NAMED_WARP_MODES = 4; // of a mode that this clip cannot have, Complex

exports.create = function (lom) {
    var warps = require("./warps").create(lom);

    function near(object, name, wanted) {
        return Math.abs(lom.number(object, name) - wanted) <= NEAR_BEATS;
    }

    function set_checked(clip, name, value) {
        if (!near(clip, name, value)) {
            clip.set(name, value);
        }
        return near(clip, name, value);
    }

    function warp_mode(clip, wanted) {
        var modes = clip.get("available_warp_modes");
        var known = Array.isArray(modes) && modes.length > 0;
        return !known || modes.indexOf(wanted) >= 0 ? wanted : NAMED_WARP_MODES;
    }

    function seconds_of(clip) {
        return lom.number(clip, "sample_length") / lom.number(clip, "sample_rate");
    }

    // By the file's own length and tempo, to a sixteenth note; the signature may have changed since it was made.
    function beats_of(clip, wanted) {
        var beats = seconds_of(clip) * wanted.tempo / 60;
        var whole = Math.round(4 * beats) / 4;
        return whole > 0 && Math.abs(beats - whole) < NEAR_WHOLE_BEATS ? whole : wanted.beats;
    }

    // Of a file whose bars are not those of today, the plainest that has bars of this length.
    function signature_of(beats, wanted) {
        var bar = beats / wanted.bars;
        var fitting = [wanted.signature, [bar, 4], [2 * bar, 8], [4 * bar, 16]].filter(function (one) {
            return one[0] % 1 === 0 && 4 * one[0] / one[1] === bar;
        });
        return fitting[0] || wanted.signature;
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
            var beats = beats_of(clip, wanted);
            var signature = signature_of(beats, wanted);
            if (!warps.straighten(clip, seconds_of(clip), beats)) {
                return "Live does not warp it straight over " + beats + " beats";
            }
            if (!loop(clip, beats)) {
                return "Live does not loop it over " + beats + " beats";
            }
            clip.set("signature_numerator", signature[0]);
            clip.set("signature_denominator", signature[1]);
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
