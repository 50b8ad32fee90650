"use strict";
// Properties of Live that are watched. A notification may not change Live, and must not take long.

// `api(path, callback)` makes a LiveAPI object.
exports.create = function (api) {
    var watched = [];

    return {
        // `heard(value)` at every change, and once at the beginning.
        watch: function (path, property, heard) {
            var object = api(path, function (atoms) {
                if (atoms[0] === property) {
                    heard(atoms[1]);
                }
            });
            object.property = property;
            watched.push(object);
        },

        close: function () {
            watched.forEach(function (object) {
                object.property = "";
            });
            watched = [];
        }
    };
};
