"use strict";
// Addresses of the OSC contract by short names; no other module spells one out.

var table = require("./addresses.json");
var TRACK = "{t}";
var heard = {};

Object.keys(table.heard).forEach(function (key) {
    heard[table.heard[key]] = key;
});

// The address to send to: address("lock", "bass") is /rg/track/bass/lock.
exports.address = function (key, track) {
    return table.sent[key].replace(TRACK, track || "");
};

// What an address that was heard means: {key: "lock", track: "bass"}; null for what this device leaves alone.
exports.meaning = function (address) {
    var parts = address.split("/");
    if (parts[2] !== "track") {
        return heard.hasOwnProperty(address) ? {key: heard[address], track: ""} : null;
    }
    var track = parts[3];
    parts[3] = TRACK;
    var template = parts.join("/");
    return heard.hasOwnProperty(template) ? {key: heard[template], track: track} : null;
};
