"use strict";
// Stem files: where they are, and which clip of Live is ours.

var STEM = /^([a-z_]+)_([0-9.]+)bpm_(.+)_([0-9]+)bars_t([0-9]+)(_[0-9]+)?\.wav$/;
var WINDOWS_DRIVE = /^[A-Za-z]:[\/\\]/;
var MAC_VOLUME = "/Volumes/Macintosh HD";

// What we call a clip of this file: "Drums t3 Am 128". A clip that the musician has renamed is theirs.
exports.clip_name = function (title, file) {
    var parts = STEM.exec(file);
    return parts ? title + " t" + parts[5] + (parts[6] || "") + " " + parts[3] + " " + parts[2] : title + " " + file;
};

// The last part of a path, whichever way its slashes lean (a Mac's oldest paths have colons).
exports.base_name = function (path) {
    return String(path).replace(/"/g, "").split(/[\/\\:]/).pop();
};

// Every way to write the path of a stem that some Live has been seen to want, the plain one first.
exports.paths = function (folder, file) {
    var slash = WINDOWS_DRIVE.test(folder) ? "\\" : "/";
    var plain = folder.replace(/[\/\\]+$/, "") + slash + "stems" + slash + file;
    var ways = [plain];
    if (slash === "\\") {
        ways.push(plain.replace(/\\/g, "/"));
    }
    if (plain.indexOf(" ") >= 0) {
        ways.push("\"" + plain + "\"");
    }
    if (plain.indexOf("/Users/") === 0) {
        ways.push(MAC_VOLUME + plain);
    }
    return ways;
};
