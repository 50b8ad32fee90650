"use strict";
// The device's own settings. They are parameters of Live: saved with the Set, and said by the widgets when it loads.

var DEFAULT_PORT = 9130;

exports.create = function (names) {
    var values = {port: DEFAULT_PORT, follow: 1, place_in: 0, replace: 1};
    var by_track = {};

    names.forEach(function (name) {
        by_track[name] = {slot: 1, auto: 1};
    });

    return {
        // Whether this widget is one of the settings; then it is kept. `news` tells that it has changed.
        take: function (group, name, value) {
            var place = group === "set" ? values : by_track[group];
            if (!place || !place.hasOwnProperty(name)) {
                return {known: false, news: false};
            }
            var news = place[name] !== value;
            place[name] = value;
            return {known: true, news: news};
        },

        // Group and name of each, for asking the widgets.
        widgets: function () {
            var of_set = Object.keys(values).map(function (name) {
                return ["set", name];
            });
            return names.reduce(function (all, group) {
                return all.concat(Object.keys(by_track[group]).map(function (name) {
                    return [group, name];
                }));
            }, of_set);
        },

        port: function () {
            return values.port;
        },
        in_arrangement: function () {
            return values.place_in === 1;
        },
        replaces: function () {
            return values.replace === 1;
        },
        slot: function (track) {
            return by_track[track].slot;
        },
        is_auto: function (track) {
            return by_track[track].auto === 1;
        }
    };
};
