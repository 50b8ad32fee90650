"use strict";
// Warp markers: which second of a file is on which beat. Live guesses them from what it hears; of a stem they are
// known: one straight line from its first sample to its last.
//
//     Live's guess      o--o---o----.      beats over seconds
//     set straight      o-----------o
//
// As Live 12 does it: `warp_markers` is read as a JSON text whose last entry is a shadow that cannot be removed; at a
// second that has a marker none is added, but that one can be moved.

var NEAR_BEATS = 0.02; // two stems of this difference are out of step by less than 10 ms
var NEAR_S = 1e-4;
var SHADOW_S = 1; // no shadow lies farther behind the file: else it is not seconds that we read

exports.create = function (lom) {
    // Null where Live does not tell.
    function read(clip, seconds) {
        var markers = null;
        try {
            markers = JSON.parse(lom.text(clip, "warp_markers")).warp_markers;
        } catch (error) {
            return null;
        }
        var is_known = Array.isArray(markers) && markers.length > 1 && markers.every(function (one) {
            return one.sample_time <= seconds + SHADOW_S && isFinite(one.beat_time);
        });
        return is_known ? markers : null;
    }

    // The beat that a second is on, by the piece of the line that it lies in, or that is next to it.
    function beat_at(markers, second) {
        var index = 1;
        while (index < markers.length - 1 && markers[index].sample_time < second) {
            index += 1;
        }
        var before = markers[index - 1];
        var after = markers[index];
        var slope = (after.beat_time - before.beat_time) / (after.sample_time - before.sample_time);
        return before.beat_time + slope * (second - before.sample_time);
    }

    function is_straight(markers, seconds, beats) {
        var inner = markers.slice(0, -1).map(function (one) {
            return one.sample_time;
        });
        return [0, seconds].concat(inner).every(function (second) {
            return Math.abs(beat_at(markers, second) - beats * second / seconds) <= NEAR_BEATS;
        });
    }

    // All but the first: what is left then is in nobody's way.
    function clear(clip, markers) {
        markers.slice(1, -1).reverse().forEach(function (one) {
            clip.call("remove_warp_marker", one.beat_time);
        });
    }

    function set_straight(clip, markers, seconds, beats) {
        var first = markers[0];
        clear(clip, markers);
        clip.call("add_warp_marker", {sample_time: seconds, beat_time: beats});
        if (first.sample_time > NEAR_S) {
            clip.call("remove_warp_marker", first.beat_time);
            clip.call("add_warp_marker", {sample_time: 0, beat_time: 0});
        } else if (first.beat_time !== 0) {
            clip.call("move_warp_marker", first.beat_time, -first.beat_time);
        }
        clip.set("end_marker", beats);
    }

    // Where Live does not tell its markers, its end marker tells what it took the file for.
    function straighten_unseen(clip, seconds, beats) {
        function is_right() {
            return Math.abs(lom.number(clip, "end_marker") - beats) <= NEAR_BEATS;
        }
        if (!is_right()) {
            clip.call("add_warp_marker", {sample_time: seconds, beat_time: beats});
            clip.set("end_marker", beats);
        }
        return is_right();
    }

    return {
        // Warp a file of so many seconds over so many beats. Whether Live does.
        straighten: function (clip, seconds, beats) {
            var markers = read(clip, seconds);
            if (markers === null) {
                return straighten_unseen(clip, seconds, beats);
            }
            if (!is_straight(markers, seconds, beats)) {
                set_straight(clip, markers, seconds, beats);
                markers = read(clip, seconds);
            }
            return markers !== null && is_straight(markers, seconds, beats);
        }
    };
};
