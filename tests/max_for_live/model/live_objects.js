"use strict";
// Max for Live's own widgets: parameters of Live.

const {Box} = require("./box");

// The live.* objects: a value, which `set` changes without a word, and which is saved with the Set.
class LiveNumber extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.low = this.value.parameter_mmin || 0;
        this.high = this.value.parameter_mmax;
        this.number = (this.value.parameter_initial || [0])[0];
    }

    take(number) {
        const clipped = Math.min(this.high, Math.max(this.low, number));
        this.number = this.value.parameter_type === 0 ? clipped : Math.trunc(clipped);
    }

    receive(inlet, atoms) {
        const number = atoms[0] === "set" ? atoms[1] : atoms[0];
        if (atoms[0] === "outputvalue" || atoms[0] === "bang") {
            this.out(0, this.number);
        } else if (typeof number !== "number") {
            this.bad(atoms);
        } else {
            this.take(number);
            if (atoms[0] !== "set") {
                this.out(0, this.number);
            }
        }
    }

    loaded() {
        this.out(0, this.number);
    }

    saved() {
        return this.number;
    }

    restore(number) {
        this.number = number;
    }

    // What a hand, a mapping or automation does.
    turn(number) {
        this.take(number);
        this.out(0, this.number);
    }
}

class LiveText extends LiveNumber {
    receive(inlet, atoms) {
        if (atoms[0] === "bang") {
            this.turn(1 - this.number);
        } else {
            super.receive(inlet, atoms);
        }
    }

    click() {
        this.turn(1 - this.number);
    }
}

class LiveMenu extends LiveNumber {
    constructor(patch, box) {
        super(patch, box);
        this.high = this.value.parameter_enum.length - 1;
    }
}

module.exports = {LiveNumber, LiveText, LiveMenu};
