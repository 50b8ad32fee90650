"use strict";
// The text fields. Their words are asked for when they are needed: who types and then presses a button has not
// pressed return.

var texts = require("./texts");

// `tell(group, name, atoms)` reaches a widget; `later(run)` runs after the answers are there.
exports.create = function (view, later) {
    var words = {};

    function key(group, name) {
        return group + " " + name;
    }

    return {
        get: function (group, name) {
            return words[key(group, name)] || "";
        },

        // A field gave out its text. Whether that is news.
        said: function (group, name, atoms) {
            var text = texts.from_atoms(atoms);
            var is_news = text !== this.get(group, name);
            words[key(group, name)] = text;
            return is_news;
        },

        show: function (group, name, text) {
            if (text !== this.get(group, name)) {
                words[key(group, name)] = text;
                view.text(group, name, text);
            }
        },

        // Ask a field for its text, then `then(text)`.
        read: function (group, name, then) {
            var fields = this;
            view.tell(group, name, ["bang"]);
            later(function () {
                then(fields.get(group, name));
            });
        }
    };
};
