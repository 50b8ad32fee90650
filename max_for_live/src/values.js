"use strict";
// Values that the hand sets and the engine tells: what each widget shows of them.
//
// Until the engine confirms what the hand has just set, it speaks of a time before, and its word would make the knob
// jump back; it is kept, and counts when the engine refuses or says nothing for a while. And a widget is never told
// what it shows already: Live would take that for a hand that overrides its automation.

var HOLD_TICKS = 2;
var NEAR = 1e-3;

function is_same(one, other) {
    return typeof one === "number" && typeof other === "number" ? Math.abs(one - other) < NEAR : one === other;
}

exports.create = function (view) {
    var shown = {}; // by widget: its value
    var held = {}; // by widget: {group, name, ticks, told}

    function key(group, name) {
        return group + " " + name;
    }

    function show(group, name, value) {
        if (!is_same(shown[key(group, name)], value)) {
            shown[key(group, name)] = value;
            view.show(group, name, value);
        }
    }

    function let_go(one) {
        delete held[key(one.group, one.name)];
        if (one.told !== undefined) {
            show(one.group, one.name, one.told);
        }
    }

    function each_held(run) {
        Object.keys(held).forEach(function (name) {
            run(held[name]);
        });
    }

    return {
        // A widget says what it shows.
        said: function (group, name, value) {
            shown[key(group, name)] = value;
        },

        // And that goes to the engine now.
        hold: function (group, name) {
            held[key(group, name)] = {group: group, name: name, ticks: HOLD_TICKS, told: undefined};
        },

        // What the engine says of it.
        told: function (group, name, value) {
            var one = held[key(group, name)];
            if (!one) {
                show(group, name, value);
                return;
            }
            one.told = value;
            if (is_same(shown[key(group, name)], value)) {
                let_go(one);
            }
        },

        // The engine has refused something, or is another one: its word counts.
        release: function () {
            each_held(let_go);
        },

        tick: function () {
            each_held(function (one) {
                one.ticks -= 1;
                if (one.ticks <= 0) {
                    let_go(one);
                }
            });
        }
    };
};
