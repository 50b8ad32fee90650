"use strict";
// Live's objects, in a few words. A LiveAPI object prints its errors instead of throwing them: what matters is
// looked at afterwards.

// `api(path)` makes a LiveAPI object; so does `api("id 12")`.
exports.create = function (api) {
    function exists(object) {
        return Number(String(object.id).replace("id ", "")) !== 0;
    }

    function one(object, name) {
        var value = object.get(name);
        return Array.isArray(value) ? value[0] : value;
    }

    return {
        at: api,
        exists: exists,
        number: function (object, name) {
            return Number(one(object, name));
        },
        text: function (object, name) {
            var value = object.get(name);
            return Array.isArray(value) ? value.join(" ") : String(value);
        },
        // Children by name: LiveAPI objects that stay with their object wherever it moves.
        children: function (object, name) {
            var value = object.get(name);
            var atoms = Array.isArray(value) ? value : [];
            var found = [];
            for (var index = 0; index + 1 < atoms.length; index += 2) {
                if (atoms[index] === "id" && Number(atoms[index + 1]) !== 0) {
                    found.push(api("id " + atoms[index + 1]));
                }
            }
            return found;
        },
        id: function (object) {
            return Number(String(object.id).replace("id ", ""));
        }
    };
};
