"use strict";
// What Max's js object calls. Its outlets: 0 to the engine, 1 to the widgets, 2 to what receives.

inlets = 1;
outlets = 3;

function to_outlet(number) {
    return function (atoms) {
        outlet(number, atoms);
    };
}

var device = require("./device").create({
    to_engine: to_outlet(0),
    to_widgets: to_outlet(1),
    to_receiver: to_outlet(2),
    random: Math.random,
    api: function (path, callback) {
        return new LiveAPI(callback || function () {}, path);
    },
    task: function (run) {
        return new Task(run);
    }
});

// live.thisdevice says that Live's objects are there.
function ready() {
    device.ready();
}

// A widget: its group, its name, what it says.
function ui() {
    var atoms = Array.prototype.slice.call(arguments);
    device.said(atoms[0], atoms[1], atoms.slice(2));
}

// Anything else is OSC: the address is the message's name.
function anything() {
    if (messagename.charAt(0) === "/") {
        device.heard(messagename, Array.prototype.slice.call(arguments));
    }
}

function notifydeleted() {
    device.close();
}
