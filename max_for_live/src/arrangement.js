"use strict";
// A clip in the Arrangement: at the bar of the playhead, after whatever is in its way. Further takes of the same
// spot go into take lanes, where Live has them (12.2 and later): so they can be compared and comped.

exports.create = function (lom, clips) {
    function clips_of(holder) {
        return lom.children(holder, "arrangement_clips");
    }

    function start_of(clip) {
        return lom.number(clip, "start_time");
    }

    function our_clip(track, ours) {
        return clips_of(track).filter(function (clip) {
            return clips.is_ours(clip, ours);
        })[0] || null;
    }

    function end_of(track) {
        return clips_of(track).reduce(function (latest, clip) {
            return Math.max(latest, lom.number(clip, "end_time"));
        }, 0);
    }

    // The first bar from `beat` on where no other clip is in the way of this one.
    function free_bar(track, clip, beat, bar_beats) {
        var start = beat;
        var beats = lom.number(clip, "end_time") - start_of(clip);
        clips_of(track).filter(function (other) {
            return lom.id(other) !== lom.id(clip);
        }).sort(function (one, other) {
            return start_of(one) - start_of(other);
        }).forEach(function (other) {
            var end = lom.number(other, "end_time");
            if (start_of(other) < start + beats && end > start) {
                start = Math.ceil(end / bar_beats - 1e-6) * bar_beats;
            }
        });
        return start;
    }

    function new_clip(holder, before) {
        var known = before.map(lom.id);
        return clips_of(holder).filter(function (clip) {
            return known.indexOf(lom.id(clip)) < 0;
        })[0] || null;
    }

    // A clip in a track or in a take lane; {clip} or {error}, and then it is as it was.
    function fill(holder, track, start, wanted) {
        var before = clips_of(holder);
        var clip = null;
        wanted.paths.some(function (path) {
            holder.call("create_audio_clip", path, start);
            clip = new_clip(holder, before);
            return clip !== null;
        });
        if (clip === null) {
            return {error: "Live made no clip of " + wanted.file};
        }
        var error = clips.dress(clip, wanted);
        if (error) {
            track.call("delete_clip", "id " + lom.id(clip));
        }
        return error ? {error: error} : {clip: clip};
    }

    // Live copies a clip, and does not move it.
    function move(track, clip, start) {
        var before = clips_of(track);
        track.call("duplicate_clip_to_arrangement", "id " + lom.id(clip), start);
        var copy = new_clip(track, before);
        track.call("delete_clip", "id " + lom.id(clip));
        return copy === null ? {error: "Live did not put it at beat " + start} : {clip: copy};
    }

    // A clip at the first free bar from `beat` on. Live first gives it a length of its own guess and overwrites what
    // lies there: so it is made and dressed behind all others, and then goes to its place.
    function fill_free(track, beat, bar_beats, wanted) {
        var behind = Math.max(beat, Math.ceil(end_of(track) / bar_beats - 1e-6) * bar_beats);
        var result = fill(track, track, behind, wanted);
        var start = result.error ? behind : free_bar(track, result.clip, beat, bar_beats);
        return start === behind ? result : move(track, result.clip, start);
    }

    function lanes_of(track) {
        return lom.children(track, "take_lanes");
    }

    function has_file(lane, file) {
        return clips_of(lane).some(function (clip) {
            return clips.file_of(clip) === file;
        });
    }

    // A take lane without clips; null where there is none.
    function empty_lane(track) {
        return lanes_of(track).filter(function (lane) {
            return clips_of(lane).length === 0;
        })[0] || null;
    }

    // Live can make a take lane, but not delete it: whether the clip can be made is tried out behind all others.
    function rehearse(track, wanted) {
        var result = fill(track, track, end_of(track), wanted);
        if (!result.error) {
            track.call("delete_clip", "id " + lom.id(result.clip));
        }
        return result.error || "";
    }

    // {clip} or {error}; null in a Live without take lanes.
    function place_alternate(track, own, wanted) {
        var lane = empty_lane(track);
        if (lane === null) {
            var error = rehearse(track, wanted);
            if (error) {
                return {error: error};
            }
            track.call("create_take_lane");
            lane = empty_lane(track);
        }
        if (lane === null) {
            return null;
        }
        var result = fill(lane, track, start_of(own), wanted);
        if (!result.error) {
            lane.set("name", wanted.name);
        }
        return result;
    }

    return {
        // {beat, lane} where the clip is, or {error}. `at`: {beat, rolling, bar_beats} of the playhead.
        place: function (track, ours, wanted, at) {
            var own = our_clip(track, ours);
            var is_there = own !== null && (clips.file_of(own) === wanted.file || lanes_of(track).some(function (lane) {
                return has_file(lane, wanted.file);
            }));
            if (is_there) {
                return {beat: start_of(own), lane: false};
            }
            var alternate = own === null ? null : place_alternate(track, own, wanted);
            if (alternate !== null) {
                return alternate.error ? alternate : {beat: start_of(own), lane: true};
            }
            var bar = at.rolling ? Math.ceil(at.beat / at.bar_beats) : Math.floor(at.beat / at.bar_beats + 1e-6);
            var result = fill_free(track, bar * at.bar_beats, at.bar_beats, wanted);
            return result.error ? result : {beat: start_of(result.clip), lane: false};
        }
    };
};
