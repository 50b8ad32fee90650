"use strict";
// Texts as Max hands them over: as one symbol or word by word, sometimes in quotes.

// What a textedit gives out, `text dark techno`, as one string, without the marks that Max puts before commas.
exports.from_atoms = function (atoms) {
    var words = atoms[0] === "text" ? atoms.slice(1) : atoms;
    var text = words.join(" ").replace(/\s+/g, " ").trim();
    var quoted = /^"(.*)"$/.exec(text);
    return (quoted ? quoted[1].trim() : text).replace(/\\([,;$"\\])/g, "$1");
};

// A string as atoms to be shown: a symbol with spaces would be shown in quotes.
exports.to_atoms = function (text) {
    return String(text).split(" ").filter(function (word) {
        return word !== "";
    });
};
