"use strict";
// The connection to the engine. Max receives at another socket than it sends from, so the engine is told where
// to answer; and several devices on one machine need a port each, so this one looks for one that nobody has.
//
//     searching --hello--> (answer) --> connected --ping--> (pong) ...
//         ^                                 | SILENT_TICKS without a word
//         +---------------------------------+
//
// One tick is a second. An engine that was started anew knows nobody: its silence brings a new hello.

var FIRST_PORT = 9140;
var PORTS = 760;
var HELLOS = 3; // without an answer, the port may be taken
var MOST_HELLOS = 12; // each port gets one more than the one before: an engine may be slow to answer
var PING_TICKS = 3;
var HELLO_TICKS = 5; // of silence
var SILENT_TICKS = 8;
var OURS = 0x52; // the upper part of a ping's number tells that a device of this kind sent it (24 bits in all:
                 // Max may hand a larger integer on as a float)
var EVERYTHING = -1; // the feedback mask

// `send(key, atoms)`, `listen(port)`: where answers go; `changed(connected)`; `random()` from 0 to 1.
exports.create = function (options) {
    var port = 0;
    var connected = false;
    var quiet = 0; // ticks since the engine was heard
    var hellos = 0; // since it answered
    var patience = HELLOS;
    var ticks = 0;
    var number = OURS * 0x10000 + Math.floor(options.random() * 0x10000);

    function move() {
        var step = 1 + Math.floor(options.random() * (PORTS - 1));
        port = FIRST_PORT + (port - FIRST_PORT + step) % PORTS;
        hellos = 0;
        patience = Math.min(MOST_HELLOS, patience + 1);
        options.listen(port);
    }

    function hello() {
        if (hellos >= patience) {
            move();
        }
        hellos += 1;
        options.send("hello", [options.name, port, EVERYTHING]);
    }

    function turn(now) {
        if (connected !== now) {
            connected = now;
            options.changed(now);
        }
    }

    return {
        is_connected: function () {
            return connected;
        },

        start: function () {
            port = FIRST_PORT + Math.floor(options.random() * PORTS);
            options.listen(port);
            hello();
        },

        // The engine is elsewhere now: forget the one before.
        restart: function () {
            turn(false);
            hellos = 0;
            hello();
        },

        tick: function () {
            ticks += 1;
            quiet += 1;
            if (quiet >= SILENT_TICKS) {
                turn(false);
            }
            if (!connected || quiet >= HELLO_TICKS) {
                hello();
            } else if (ticks % PING_TICKS === 0) {
                options.send("ping", [number]);
            }
        },

        // Whatever comes from the engine.
        heard: function () {
            quiet = 0;
        },

        welcomed: function () {
            hellos = 0;
            patience = HELLOS;
            turn(true);
        },

        // The engine's port has just opened: it knows nobody.
        started: hello,

        // An answer to another device's ping: both listen at one port, and each hears what is the other's.
        pong: function (answered) {
            if (answered !== number && Math.floor(answered / 0x10000) === OURS) {
                move();
                hello();
            }
        }
    };
};
