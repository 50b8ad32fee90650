"use strict";
// The audio tracks of the Set that clips can go to. A choice is saved with the Set by the track's name, for numbers
// shift when tracks are moved; while the Set is open it follows the track itself, also under a new name.

var NEW = "New track";
var LAST = -1; // create_audio_track: at the end

// `names`: our tracks; `remember(name, title)` keeps a choice with the Set.
exports.create = function (lom, view, names, remember) {
    var available = []; // titles of audio tracks
    var chosen = {}; // by our track: {title, id}; without a title, a new one

    names.forEach(function (name) {
        chosen[name] = {title: "", id: 0};
    });

    function is_audio(track) {
        return lom.number(track, "has_audio_input") === 1 && lom.number(track, "is_foldable") !== 1;
    }

    function audio_tracks() {
        return lom.children(lom.at("live_set"), "tracks").filter(is_audio);
    }

    function title_of(track) {
        return lom.text(track, "name");
    }

    // The track that is chosen, by its id or, where that is not known (any more), by its title.
    function find(name) {
        var tracks = audio_tracks();
        var by_id = tracks.filter(function (track) {
            return lom.id(track) === chosen[name].id;
        });
        return by_id.concat(tracks.filter(function (track) {
            return title_of(track) === chosen[name].title;
        }))[0] || null;
    }

    function choose(name, title, id) {
        if (chosen[name].title !== title) {
            remember(name, title);
        }
        chosen[name] = {title: title, id: id};
    }

    function follow(name) {
        var track = chosen[name].title ? find(name) : null;
        if (track !== null) {
            choose(name, title_of(track), lom.id(track));
        }
    }

    function show(name) {
        var title = chosen[name].title;
        var items = [NEW].concat(available);
        if (title && items.indexOf(title) < 0) {
            items.push(title + " (gone)");
            view.items(name, "target", items, items.length - 1);
        } else {
            view.items(name, "target", items, title ? items.indexOf(title) : 0);
        }
    }

    function make(title) {
        var song = lom.at("live_set");
        var before = lom.children(song, "tracks").length;
        song.call("create_audio_track", LAST);
        var tracks = lom.children(song, "tracks");
        if (tracks.length !== before + 1) {
            return {error: "Live made no new audio track"};
        }
        return {
            track: tracks[before], title: "RG " + title, is_new: true,
            undo: function () {
                song.call("delete_track", before);
            }
        };
    }

    return {
        tracks: audio_tracks,

        // The tracks have changed, or their names have.
        refresh: function () {
            available = audio_tracks().map(title_of).filter(function (title, index, all) {
                return all.indexOf(title) === index;
            });
            names.forEach(follow);
            names.forEach(show);
        },

        // What was saved with the Set.
        recall: function (name, title) {
            if (chosen[name].title !== title) {
                chosen[name] = {title: title, id: 0};
                show(name);
            }
        },

        // An item of the menu was chosen: the new track, then the ones there are.
        choose: function (name, index) {
            var title = index === 0 ? "" : available[index - 1];
            if (title !== undefined) {
                choose(name, title, 0);
                follow(name);
                show(name);
            }
        },

        // {track, title, undo}: where clips go, made where a new one is wanted; {error} where there is none.
        resolve: function (name, title) {
            if (!chosen[name].title) {
                return make(title);
            }
            var track = find(name);
            if (track === null) {
                return {error: "there is no audio track called " + chosen[name].title + " any more"};
            }
            if (lom.number(track, "is_frozen") === 1) {
                return {error: "the track " + title_of(track) + " is frozen"};
            }
            return {track: track, title: title_of(track), is_new: false, undo: function () {}};
        },

        // A track that was made holds its first clip: now it gets its name, and is what is chosen from now on.
        keep: function (name, target) {
            if (target.is_new) {
                target.track.set("name", target.title);
                choose(name, target.title, lom.id(target.track));
                this.refresh();
            }
        }
    };
};
