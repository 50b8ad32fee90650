"use strict";
// A clip in the Session View: in the slot that was asked for, or the next empty one below. A clip of the musician's
// is never overwritten; our own earlier one is replaced only when its successor is there and right.

var stems = require("./stems");
var LAST = -1; // create_scene: at the end

exports.create = function (lom, clips) {
    function slots_of(track) {
        return lom.children(track, "clip_slots");
    }

    function clip_in(slot) {
        return lom.number(slot, "has_clip") === 1 ? lom.children(slot, "clip")[0] : null;
    }

    function our_slots(slots, ours) {
        return slots.filter(function (slot) {
            var clip = clip_in(slot);
            return clip !== null && clips.is_ours(clip, ours);
        });
    }

    // The first empty slot from `first` on; made with a new scene where all are full.
    function empty_slot(track, first) {
        var slots = slots_of(track);
        for (var index = Math.min(first, slots.length); index < slots.length; index += 1) {
            if (lom.number(slots[index], "has_clip") === 0) {
                return {slot: slots[index], index: index, undo: function () {}};
            }
        }
        return slot_of_new_scene(track, slots.length);
    }

    function slot_of_new_scene(track, index) {
        var song = lom.at("live_set");
        song.call("create_scene", LAST);
        var slots = slots_of(track);
        if (slots.length !== index + 1) {
            return {error: "there is no empty slot, and Live made no new scene"};
        }
        return {
            slot: slots[index], index: index,
            undo: function () {
                song.call("delete_scene", index);
            }
        };
    }

    // Make the clip; "" or why not, and then the slot is as it was.
    function fill(slot, wanted) {
        var made = wanted.paths.some(function (path) {
            slot.call("create_audio_clip", path);
            return lom.number(slot, "has_clip") === 1;
        });
        if (!made) {
            return "Live made no clip of " + wanted.file;
        }
        var error = clips.dress(clip_in(slot), wanted);
        if (error) {
            slot.call("delete_clip");
        }
        return error;
    }

    // The new clip takes the old one's slot, by way of an empty one.
    function replace(old, place, wanted) {
        place.slot.call("duplicate_clip_to", "id " + lom.id(old));
        var clip = clip_in(old);
        var done = clip !== null && clips.file_of(clip) === wanted.file;
        place.slot.call("delete_clip");
        place.undo();
        return done ? "" : "Live did not replace the clip of the take before";
    }

    function index_of(slots, slot) {
        return slots.map(lom.id).indexOf(lom.id(slot));
    }

    return {
        // {slot, index} of the clip, or {error}.
        place: function (track, ours, wanted) {
            var slots = slots_of(track);
            var own = our_slots(slots, ours);
            var same = own.filter(function (slot) {
                return clips.file_of(clip_in(slot)) === wanted.file;
            });
            if (same.length) {
                return {slot: same[0], index: index_of(slots, same[0])};
            }
            var place = empty_slot(track, wanted.slot);
            var error = place.error || fill(place.slot, wanted);
            if (error) {
                (place.undo || function () {})();
                return {error: error};
            }
            if (!wanted.replaces || !own.length) {
                return {slot: place.slot, index: place.index};
            }
            error = replace(own[0], place, wanted);
            return error ? {error: error} : {slot: own[0], index: index_of(slots, own[0])};
        },

        // Launch a slot while our clip is in it: an empty one would stop the track.
        fire: function (slot, ours) {
            var clip = clip_in(slot);
            if (clip !== null && clips.is_ours(clip, ours)) {
                slot.call("fire");
            }
        },

        // Whether something that is not ours plays on a track.
        is_taken: function (track, ours) {
            var index = lom.number(track, "playing_slot_index");
            var slot = index >= 0 ? slots_of(track)[index] : null;
            var clip = slot ? clip_in(slot) : null;
            return clip !== null && !clips.is_ours(clip, ours);
        }
    };
};
